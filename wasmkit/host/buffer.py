"""A body, or a piece of one, that a filter may read and change in place."""

from __future__ import annotations

__all__ = ["Buffer"]


class Buffer:
    """Bytes with the reads and changes that Envoy allows a filter."""

    __slots__ = ("data",)

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)

    def __len__(self) -> int:
        return len(self.data)

    def take(self) -> bytes:
        """Return everything and leave the buffer empty."""
        data = bytes(self.data)
        self.data.clear()
        return data

    def read(self, start: int, size: int) -> bytes:
        """Return the part from ``start``; past the end there is nothing."""
        return bytes(self.data[start : start + size])

    def write(self, start: int, size: int, data: bytes) -> bool:
        """Replace ``size`` bytes at the front, or append from the end on.

        Returns False, and changes nothing, for a start inside the buffer: Envoy cannot replace
        in the middle.
        """
        if start == 0:
            self.data[:size] = data
        elif start >= len(self.data):
            self.data += data
        else:
            return False
        return True
