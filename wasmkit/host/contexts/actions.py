"""What a host makes of the number that a callback returns (proxy-wasm-cpp-host, ``context.cc``)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["DataStatus", "HeadersStatus", "TrailersStatus"]


class HeadersStatus(IntEnum):
    """After a headers callback. Envoy makes 1 (stop headers alone) 4 and 2 (end stream) 0."""

    CONTINUE = 0
    STOP_ALL_AND_BUFFER = 3
    STOP_ALL_AND_WATERMARK = 4

    @classmethod
    def of(cls, number: int, *, stopped: bool) -> HeadersStatus:
        """Return the status for a callback's result, or that of an iteration stopped otherwise."""
        if stopped or number not in (0, 2, 3):
            return cls.STOP_ALL_AND_WATERMARK
        return cls.STOP_ALL_AND_BUFFER if number == cls.STOP_ALL_AND_BUFFER else cls.CONTINUE


class DataStatus(IntEnum):
    """After a body callback; only 1 makes the next call see what was kept back."""

    CONTINUE = 0
    STOP_AND_BUFFER = 1
    STOP_AND_WATERMARK = 2
    STOP_NO_BUFFER = 3

    @classmethod
    def of(cls, number: int, *, stopped: bool) -> DataStatus:
        """Return the status for a callback's result."""
        return cls.STOP_NO_BUFFER if stopped else cls(min(number, cls.STOP_NO_BUFFER))


class TrailersStatus(IntEnum):
    """After a trailers callback."""

    CONTINUE = 0
    STOP = 1

    @classmethod
    def of(cls, number: int, *, stopped: bool) -> TrailersStatus:
        """Return the status for a callback's result."""
        return cls.STOP if stopped or number else cls.CONTINUE
