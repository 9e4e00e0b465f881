"""A Wasm guest's memory as host functions use it: bounds checked, results handed over."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from wasmkit.abi.constants import Status
from wasmkit.host.protocol import CallError, GuestTrapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.guest.crossing import Exports

__all__ = ["GuestMemory"]

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class GuestMemory:
    """Reads arguments and writes results; every address outside ends the call with status 6.

    ``allocate`` is the guest's ``malloc``: data of any length goes into memory that the guest
    owns from then on. More than ``most`` bytes at once trap.
    """

    def __init__(self, exports: Exports, allocate: Callable[[int], int], most: int) -> None:
        self._exports = exports
        self._allocate = allocate
        self._most = most

    def read(self, address: int, size: int) -> bytes:
        """Return a copy of ``size`` bytes."""
        if size > self._most:
            raise GuestTrapError(f"the filter handed {size:,} bytes to the host at once")
        data = self._exports.read(address, size)
        if data is None:
            raise CallError(Status.INVALID_MEMORY_ACCESS)
        return data

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        if not self._exports.write((address, data)):
            raise CallError(Status.INVALID_MEMORY_ACCESS)

    def read_u32(self, address: int) -> int:
        """Return the 32-bit integer there."""
        value: int = _U32.unpack(self.read(address, 4))[0]
        return value

    def write_u32(self, address: int, value: int) -> None:
        """Write a 32-bit integer."""
        self.write(address, _U32.pack(value))

    def write_u64(self, address: int, value: int) -> None:
        """Write a 64-bit integer."""
        self.write(address, _U64.pack(value))

    def give(self, data: bytes, address_out: int, size_out: int) -> None:
        """Copy data into new memory of the guest and write where it is; no data is address 0."""
        address = 0
        if data:
            address = self._allocate(len(data))
            if not address:
                raise CallError(Status.INVALID_MEMORY_ACCESS)
            self.write(address, data)
        self.write_u32(address_out, address)
        self.write_u32(size_out, len(data))
