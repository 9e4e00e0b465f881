"""What a proxy has to know of gRPC: it rides on HTTP, with statuses of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmkit.http.headers import HeaderMap

__all__ = ["grpc_of_http", "is_grpc"]

_GRPC_OF_HTTP = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
_UNKNOWN = 2


def is_grpc(headers: HeaderMap) -> bool:
    """Return whether a request is a gRPC call."""
    kind = headers.get(b"content-type") or b""
    return kind == b"application/grpc" or kind.startswith(
        (b"application/grpc+", b"application/grpc;")
    )


def grpc_of_http(status: int) -> int:
    """Return the gRPC status that an HTTP status means to a gRPC client."""
    return _GRPC_OF_HTTP.get(status, _UNKNOWN)
