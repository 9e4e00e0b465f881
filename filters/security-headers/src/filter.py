"""Sets the security headers that browsers heed, and removes what tells about the server."""

from dataclasses import dataclass, field
from typing import Literal

from wasmkit.sdk import Headers, HttpFilter


@dataclass
class Config:
    strict_transport_security: str = "max-age=31536000; includeSubDomains"
    content_security_policy: str = (
        "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
    )
    x_content_type_options: Literal["nosniff", ""] = "nosniff"
    referrer_policy: str = "strict-origin-when-cross-origin"
    permissions_policy: str = "camera=(), geolocation=(), microphone=()"
    remove: list[str] = field(default_factory=lambda: ["server", "x-powered-by"])
    only_if_absent: bool = False

    def __post_init__(self) -> None:
        headers = {
            "content-security-policy": self.content_security_policy,
            "x-content-type-options": self.x_content_type_options,
            "referrer-policy": self.referrer_policy,
            "permissions-policy": self.permissions_policy,
        }
        # An empty value means that this header is not the filter's business.
        self.headers = [(name, value) for name, value in headers.items() if value]


class SecurityHeaders(HttpFilter[Config]):
    secure = False

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        # Whether the client's connection was TLS, as the outermost trusted proxy saw it.
        self.secure = headers.get("x-forwarded-proto", "") == "https"

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
        for name in self.config.remove:
            headers.remove(name)
        for name, value in self.config.headers:
            self.put(headers, name, value)
        # RFC 6797 7.2: never in a response over plain HTTP.
        if self.secure and self.config.strict_transport_security:
            self.put(headers, "strict-transport-security", self.config.strict_transport_security)

    def put(self, headers: Headers, name: str, value: str) -> None:
        if not self.config.only_if_absent or name not in headers:
            headers[name] = value
