"""The glue of a Python filter, run by itself: CPython's side is functions that answer 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import wasmtime

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FREE", "MEMORY", "STACK", "RunningGlue"]

MEMORY = 4 * 65536
STACK = 1024
FREE = 2048
"""Where ``malloc`` gives memory out, by 64 KiB + 16."""


class RunningGlue:
    """The glue in wasmtime; host calls are recorded and answered by ``hosts``."""

    def __init__(self, code: bytes, **hosts: Callable[..., int]) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.freed: list[int] = []
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        module = wasmtime.Module(engine, code)
        linker = wasmtime.Linker(engine)
        self.memory = wasmtime.Memory(self.store, wasmtime.MemoryType(wasmtime.Limits(4, None)))
        kinds = {
            "__stack_pointer": STACK,
            "_Py_NoneStruct": 640,
        }
        for item in module.imports:
            name = item.name or ""
            if isinstance(item.type, wasmtime.MemoryType):
                linker.define(self.store, item.module, name, self.memory)
            elif isinstance(item.type, wasmtime.GlobalType):
                value = wasmtime.Val.i32(kinds[name])
                made = wasmtime.Global(self.store, item.type, value)
                linker.define(self.store, item.module, name, made)
                if name == "__stack_pointer":
                    self.stack = made
            elif isinstance(item.type, wasmtime.FuncType):
                answer = hosts.get(name, lambda *_: 0)
                results = len(item.type.results)
                linker.define_func(
                    item.module, name, item.type, self._record(name, answer, results)
                )
        self.exports = linker.instantiate(self.store, module).exports(self.store)

    def _record(self, name: str, answer: Callable[..., int], results: int) -> Callable[..., object]:
        def call(*arguments: int) -> int | None:
            self.calls.append((name, *arguments))
            value = answer(*arguments)
            return value if results else None

        return call

    def __call__(self, name: str, *arguments: int) -> object:
        function = self.exports[name]
        assert isinstance(function, wasmtime.Func)
        result = function(self.store, *arguments)
        assert self.stack.value(self.store) == STACK, "the linear stack is not where it was"
        return result

    def fill(self, byte: int = 0xAA) -> None:
        self.memory.write(self.store, bytes((byte,)) * MEMORY, 0)

    def read(self, start: int, size: int) -> bytes:
        return bytes(self.memory.read(self.store, start, start + size))

    def word(self, start: int) -> int:
        return int.from_bytes(self.read(start, 4), "little")
