"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["ago", "bytes_in_words", "utc"]

_UNITS = (
    ("year", 31_536_000),
    ("month", 2_592_000),
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
)
_KIB = 1024


def ago(seconds: float, now: float) -> str:
    """Say how long before ``now`` a time was, both in seconds since 1970."""
    past = now - seconds
    for unit, length in _UNITS:
        count = int(past // length)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def utc(seconds: float) -> str:
    """Write a time in seconds since 1970 as HTML's ``datetime`` wants it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bytes_in_words(count: int) -> str:
    """Write a number of bytes as B, KiB or MiB."""
    if count < _KIB:
        return f"{count} B"
    if count < _KIB * _KIB:
        return f"{count / _KIB:.1f} KiB"
    return f"{count / _KIB / _KIB:.1f} MiB"
