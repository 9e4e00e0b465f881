"""What frames a message on a connection: lengths, and the headers that belong to one hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.http.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.http.message import Pair

__all__ = [
    "FRAMING",
    "HOP_BY_HOP",
    "content_length",
    "has_no_body",
    "unframed",
    "with_length",
    "without",
]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers of one connection (RFC 9110 7.6.1), and those that gateways from HTTP/2 drop."""

FRAMING = frozenset({b"connection", b"transfer-encoding"})
"""Headers that a proxy writes anew on each connection, whatever a filter did."""

_MAX_DIGITS = 18


def content_length(value: bytes) -> int | None:
    """Return the length that a ``content-length`` says, None if it says none (RFC 9112 6.2)."""
    return int(value) if value.isdigit() and len(value) <= _MAX_DIGITS else None


def has_no_body(method: bytes, status: int) -> bool:
    """Return whether a response has no body whatever its headers say (RFC 9112 6.3)."""
    return method == b"HEAD" or status < 200 or status in (204, 304)


def with_length(headers: Iterable[Pair], length: int | None) -> tuple[Pair, ...]:
    """Return the headers with this length once where one stood; with None, without any."""
    result: list[Pair] = []
    seen = length is None
    for header in headers:
        if header[0] != b"content-length":
            result.append(header)
        elif not seen:
            result.append((b"content-length", b"%d" % (length or 0)))
            seen = True
    return tuple(result)


def without(headers: Iterable[Pair], names: frozenset[bytes]) -> tuple[Pair, ...]:
    """Return the headers that have none of these names."""
    return tuple(header for header in headers if header[0] not in names)


def unframed(message: Message) -> Message:
    """Return the message without the headers that only frame it on its connection."""
    return Message(
        without(message.headers, FRAMING), message.pieces, without(message.trailers, FRAMING)
    )
