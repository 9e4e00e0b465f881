"""A cursor over a module's bytes: the binary format's integers, names, vectors and types.

Past the end of the data it raises ``IndexError``, for what the format does not allow
``ValueError``; whoever reads a section turns both into ``GuestModuleError``.
"""

from __future__ import annotations

from wasmkit.wasm.leb128 import read_i64, read_u32
from wasmkit.wasm.parts import Limits

__all__ = ["MAX_ELEMENTS", "Cursor"]

MAX_ITEMS = 1_000_000
MAX_ELEMENTS = 10_000_000
"""V8's limits on a module's types, functions, imports, exports and globals, and on table entries;
beyond them a module would only fill this process's memory."""

_TYPED_REFERENCES = (0x63, 0x64)


class Cursor:
    """Reads ``data[position:end]`` step by step."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data = data
        self.position = position
        self.end = end
        self._elements_left = MAX_ELEMENTS

    def byte(self) -> int:
        """Read one byte."""
        value = self.data[self.position]
        self.position += 1
        return value

    def peek(self) -> int:
        """Return the next byte without going past it."""
        return self.data[self.position]

    def u32(self) -> int:
        """Read an unsigned 32-bit integer."""
        value, self.position = read_u32(self.data, self.position)
        return value

    def u64(self) -> int:
        """Read an unsigned 64-bit integer."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError("an unsigned integer has more than 64 bits")

    def take(self, size: int) -> bytes:
        """Read so many bytes."""
        start = self.position
        self.skip(size)
        return self.data[start : self.position]

    def skip(self, size: int) -> None:
        """Go past so many bytes."""
        if size > self.end - self.position:
            raise IndexError
        self.position += size

    def expect_end(self, end: int) -> None:
        """Raise ``ValueError`` unless the position is where a section or subsection ends."""
        if self.position != end:
            raise ValueError("it does not end where it says")

    def name(self) -> str:
        """Read a name."""
        return self.take(self.u32()).decode()

    def count(self, limit: int = MAX_ITEMS) -> int:
        """Read a vector's length; every item takes at least one byte."""
        count = self.u32()
        if count > self.end - self.position:
            raise ValueError(f"a vector of {count} items does not fit into its section")
        if count > limit:
            raise ValueError(f"a vector of {count} items is longer than any engine takes")
        return count

    def element_count(self) -> int:
        """Read the length of a vector of table entries, of which there is a limit in all."""
        count = self.count(self._elements_left)
        self._elements_left -= count
        return count

    def value_type(self) -> bytes:
        """Read a value type; a typed reference has a heap type behind its first byte."""
        start = self.position
        if self.byte() in _TYPED_REFERENCES:
            self.heap_type()
        return self.data[start : self.position]

    def heap_type(self) -> None:
        """Go past a heap type: a type index or the number of an abstract type."""
        _, self.position = read_i64(self.data, self.position)

    def limits(self) -> Limits:
        """Read the limits of a memory or a table."""
        flags = self.byte()
        if flags > 0x0F:
            raise ValueError(f"limits have the unknown flags {flags:#x}")
        minimum = self.u64()
        maximum = self.u64() if flags & 1 else None
        if flags & 0x08:
            self.u32()  # log2 of a custom page size
        return Limits(minimum, maximum, flags)
