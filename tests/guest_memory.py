"""A real instance of one page of memory, for tests of host functions that read and write it."""

from __future__ import annotations

import wasmtime

from wasmkit.host.guest.crossing import Exports, Imports
from wasmkit.host.guest.memory import GuestMemory

__all__ = ["PAGE", "OnePage"]

PAGE = 65536
_MODULE = """(module (memory (export "memory") 1)
  (data (i32.const 65528) "\\01\\02\\03\\04end!"))"""


class OnePage:
    """``memory`` is the memory as host functions have it, ``at`` shows it by way of wasmtime-py.

    What the guest allocates is always at ``address``; ``asked`` are the sizes.
    """

    def __init__(self, most: int = 1 << 20) -> None:
        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        exports = Exports(self._store, Imports(linker))
        module = wasmtime.Module(engine, bytes(wasmtime.wat2wasm(_MODULE)))
        instance = linker.instantiate(self._store, module)
        exports.attach(instance)
        item = instance.exports(self._store)["memory"]
        assert isinstance(item, wasmtime.Memory)
        self._theirs = item
        self.asked: list[int] = []
        self.address = 1000
        self.memory = GuestMemory(exports, self._allocate, most)

    def _allocate(self, size: int) -> int:
        self.asked.append(size)
        return self.address

    def at(self, start: int, stop: int) -> bytes:
        return bytes(self._theirs.read(self._store, start, stop))
