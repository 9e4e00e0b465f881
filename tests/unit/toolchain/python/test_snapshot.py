from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import wasmtime

from wasmkit.toolchain.python.snapshot import Snapshot, pieces, write_snapshot
from wasmkit.wasm.module import Kind, Module, read_module

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 65536

MODULE = """
(module $named
  (import "env" "host" (func $host (result i32)))
  (memory (export "memory") 1 4)
  (global (export "pointer") (mut i32) (i32.const 100))
  (global (export "fixed") i32 (i32.const 7))
  (global $hidden (mut i32) (i32.const -2))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "hidden") (result i32) (global.get $hidden))
  (func (export "ask") (result i32) (call $host))
  (func (export "size") (result i32) (memory.size))
  (data (i32.const 10) "old data"))
"""


@pytest.fixture(scope="module")
def module() -> Module:
    return read_module(bytes(wasmtime.wat2wasm(MODULE)))


def run(data: bytes) -> tuple[wasmtime.Store, Mapping[str, object]]:
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    host = wasmtime.FuncType([], [wasmtime.ValType.i32()])
    linker.define_func("env", "host", host, lambda: 5)
    exports = linker.instantiate(store, wasmtime.Module(engine, data)).exports(store)
    return store, {name or "": item for name, item in exports.items()}


def memory_of(data: bytes) -> bytes:
    store, exports = run(data)
    memory = exports["memory"]
    assert isinstance(memory, wasmtime.Memory)
    return bytes(memory.read(store))


def value(data: bytes, name: str) -> int:
    store, exports = run(data)
    item = exports[name]
    if isinstance(item, wasmtime.Global):
        result = item.value(store)
    else:
        assert isinstance(item, wasmtime.Func)
        result = item(store)
    assert isinstance(result, int)
    return result


def sparse(size: int, *parts: tuple[int, bytes]) -> bytes:
    memory = bytearray(size)
    for start, data in parts:
        memory[start : start + len(data)] = data
    return bytes(memory)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(bytes(1000), [], id="zeros"),
        pytest.param(b"a" * 10, [(0, b"a" * 10)], id="all"),
        pytest.param(b"a" + bytes(63) + b"b", [(0, b"a" + bytes(63) + b"b")], id="short-gap"),
        pytest.param(b"a" + bytes(64) + b"b", [(0, b"a"), (65, b"b")], id="long-gap"),
        pytest.param(bytes(64) + b"b", [(64, b"b")], id="gap-first"),
        pytest.param(bytes(63) + b"b", [(63, b"b")], id="short-gap-first"),
        pytest.param(b"b" + bytes(64), [(0, b"b")], id="gap-last"),
        pytest.param(b"b\n\0", [(0, b"b\n\0")], id="short-gap-last"),
    ],
)
def test_pieces(memory: bytes, expected: list[tuple[int, bytes]]) -> None:
    assert list(pieces(memory)) == expected


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(bytes(PAGE), id="empty"),
        pytest.param(sparse(PAGE, (0, b"first"), (PAGE - 4, b"last")), id="ends"),
        pytest.param(sparse(3 * PAGE, (PAGE - 1, b"across")), id="grown"),
        pytest.param(bytes(range(256)) * 256, id="full"),
        pytest.param(sparse(PAGE, *((at, b"\xff") for at in range(0, PAGE, 65))), id="many"),
    ],
)
def test_memory_comes_back_as_it_was(module: Module, memory: bytes) -> None:
    data = write_snapshot(module, Snapshot(memory))
    assert memory_of(data) == memory
    assert value(data, "size") == len(memory) // PAGE


def test_zeros_take_no_room(module: Module) -> None:
    small = write_snapshot(module, Snapshot(sparse(PAGE, (500, b"x"))))
    large = write_snapshot(module, Snapshot(sparse(100 * PAGE, (500, b"x"))))
    assert len(large) == len(small)
    assert len(read_module(large).data_segments) == 1


@pytest.mark.parametrize("number", [0, 1, -1, 2**31 - 1, 2**31, 2**32 - 1])
def test_exported_globals_take_their_values(module: Module, number: int) -> None:
    data = write_snapshot(module, Snapshot(bytes(PAGE), {"pointer": number, "unknown": 3}))
    assert value(data, "pointer") & 0xFFFF_FFFF == number & 0xFFFF_FFFF
    assert (value(data, "fixed"), value(data, "hidden")) == (7, -2)
    assert [item.mutable for item in read_module(data).globals] == [True, False, True]


def test_only_what_is_wanted_is_exported(module: Module) -> None:
    exports = [("look", Kind.FUNCTION, "peek"), ("memory", Kind.MEMORY, "memory")]
    data = write_snapshot(module, Snapshot(sparse(PAGE, (3, b"\x09"))), exports=exports)
    parts = read_module(data)
    assert [item.name for item in parts.exports] == ["look", "memory"]
    store, found = run(data)
    look = found["look"]
    assert isinstance(look, wasmtime.Func)
    assert look(store, 3) == 9


def test_an_export_that_the_module_does_not_have_is_a_bug(module: Module) -> None:
    with pytest.raises(KeyError):
        write_snapshot(module, Snapshot(bytes(PAGE)), exports=[("a", Kind.FUNCTION, "absent")])


def test_custom_sections_are_replaced(module: Module) -> None:
    assert module.custom("name") is not None
    data = write_snapshot(module, Snapshot(bytes(PAGE)), custom={"note": b"text"})
    parts = read_module(data)
    assert parts.custom("name") is None
    assert parts.custom("note") == b"text"
    assert value(data, "ask") == 5


def test_a_snapshot_of_a_snapshot_is_the_same(module: Module) -> None:
    state = Snapshot(sparse(2 * PAGE, (70_000, b"abc")), {"pointer": 12})
    once = write_snapshot(module, state)
    assert write_snapshot(read_module(once), state) == once
