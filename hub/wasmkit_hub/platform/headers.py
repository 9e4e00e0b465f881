"""Headers that keep a browser from doing more with the hub's answers than showing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SecurityHeaders", "is_api", "security_headers"]

_PAGES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_REGISTRY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""What others pushed, served from the pages' own origin: it may do nothing at all."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_api(path: str) -> bool:
    """Say whether programs ask at this path, and not people."""
    return path.startswith(("/v2/", "/api/"))


def security_headers(path: str) -> dict[str, str]:
    """Return the headers for an answer at this path."""
    policy = _REGISTRY if is_api(path) else _PAGES
    return {"Content-Security-Policy": policy, **_ALWAYS}


class SecurityHeaders:
    """ASGI middleware that sets them on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(security_headers(scope["path"]))
            await send(message)

        await self._app(scope, receive, send_with_headers)
