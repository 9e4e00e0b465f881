"""What a module answers about itself; the modules are wasmtime's assembler's."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
import wasmtime

from wasmkit.wasm.module import MAGIC, read_module
from wasmkit.wasm.parts import FunctionType, Kind, Module, SectionId


@pytest.fixture(scope="module")
def module() -> Module:
    return read_module(
        bytes(
            wasmtime.wat2wasm(
                """(module
                  (type (func (result i64)))
                  (import "a" "f" (func $f (param i32)))
                  (import "a" "memory" (memory 1))
                  (import "b" "g" (func $g (param f32)))
                  (import "b" "table" (table 1 funcref))
                  (import "b" "global" (global i32))
                  (func $own (type 0) (i64.const 7))
                  (func $second (param i32) nop))"""
            )
        )
    )


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.FUNCTION, ["f", "g"]),
        (Kind.MEMORY, ["memory"]),
        (Kind.TABLE, ["table"]),
        (Kind.GLOBAL, ["global"]),
        (Kind.TAG, []),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_imports_of_a_kind_keep_their_order(module: Module, kind: Kind, names: list[str]) -> None:
    assert [item.name for item in module.imported(kind)] == names


def test_imported_functions_come_first(module: Module) -> None:
    assert module.imported_functions == module.imported(Kind.FUNCTION)
    found = [module.function_type(index) for index in range(6)]
    i32 = FunctionType(b"\x7f", b"")
    assert found == [i32, FunctionType(b"\x7d", b""), FunctionType(b"", b"\x7e"), i32, None, None]


def test_bodies_are_of_functions_of_its_own(module: Module) -> None:
    ranges = [module.body(index) for index in range(5)]
    assert ranges == [None, None, *module.bodies, None]
    # No locals, the instructions, the end.
    assert [module.data[start:end] for start, end in module.bodies] == [
        b"\0\x42\x07\x0b",
        b"\0\x01\x0b",
    ]


def test_a_type_that_is_missing_is_none() -> None:
    # A function of type 5 where there is one type: reading validates nothing.
    data = MAGIC + b"\x01\x04\x01\x60\x00\x00" + b"\x03\x02\x01\x05" + b"\x0a\x04\x01\x02\x00\x0b"
    assert read_module(data).function_type(0) is None


def test_the_first_custom_section_of_a_name() -> None:
    data = MAGIC + b"".join(b"\0" + bytes((len(x),)) + x for x in (b"\1ab", b"\1a", b"\1cd"))
    module = read_module(data)
    assert (module.custom("a"), module.custom("c"), module.custom("b")) == (b"b", b"d", None)
    assert [(each.id, each.name) for each in module.sections] == [
        (SectionId.CUSTOM, name) for name in ("a", "a", "c")
    ]


def test_a_module_is_not_changed(module: Module) -> None:
    with pytest.raises(FrozenInstanceError):
        module.start = 1  # type: ignore[misc]  # that is the test
    assert "\\x00asm" not in repr(module)
