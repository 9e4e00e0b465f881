"""What may stand where in an HTTP/1.1 message (RFC 9110 5.1, 5.5, 9.1; RFC 9112 3.2)."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["encode_target", "is_authority", "is_token", "is_value"]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_AUTHORITY = re.compile(rb"[^\x00-\x20\x7f/?#\\]+")
_TARGET = re.compile(rb"[\x21-\x7e]*")
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


def is_token(data: bytes) -> bool:
    """Return whether it can be a method or a header's name."""
    return _TOKEN.fullmatch(data) is not None


def is_value(data: bytes) -> bool:
    """Return whether it can be a header's value; Envoy refuses other ones too."""
    return _VALUE.fullmatch(data) is not None


def is_authority(data: bytes) -> bool:
    """Return whether it can be a host, with a port or without."""
    return _AUTHORITY.fullmatch(data) is not None


def encode_target(path: bytes) -> bytes:
    """Return a path and query with what cannot stand in a request line percent-encoded."""
    return path if _TARGET.fullmatch(path) else quote(path, safe=_VISIBLE).encode()
