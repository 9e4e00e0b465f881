"""LEB128 integers (WebAssembly core specification 5.2.2).

Readers return ``(value, next position)`` and raise ``IndexError`` past the end of the data and
``ValueError`` for an integer longer than its type; module readers turn both into
``GuestModuleError``.
"""

from __future__ import annotations

__all__ = ["read_i32", "read_i64", "read_u32", "write_signed", "write_u32"]


def read_u32(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Read an unsigned 32-bit integer."""
    byte = data[position]
    if byte < 0x80:
        return byte, position + 1
    result = byte & 0x7F
    shift = 7
    while True:
        position += 1
        byte = data[position]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result > 0xFFFF_FFFF or shift > 28:
                raise ValueError("an unsigned integer has more than 32 bits")
            return result, position + 1
        shift += 7
        if shift > 28:
            raise ValueError("an unsigned integer has more than 32 bits")


def _read_signed(data: bytes | memoryview, position: int, bits: int) -> tuple[int, int]:
    result = 0
    shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift >= bits:
            raise ValueError(f"a signed integer has more than {bits} bits")
    if byte & 0x40:
        result -= 1 << shift
    return result, position


def read_i32(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Read a signed 32-bit integer."""
    return _read_signed(data, position, 32)


def read_i64(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Read a signed 64-bit integer."""
    return _read_signed(data, position, 64)


def write_u32(value: int) -> bytes:
    """Return the shortest encoding of an unsigned integer."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_signed(value: int) -> bytes:
    """Return the shortest encoding of a signed integer."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)
