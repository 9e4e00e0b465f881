"""The module reader on small modules that wasmtime's parser made of text."""

from __future__ import annotations

import pytest
import wasmtime

from wasmkit.errors import GuestModuleError
from wasmkit.wasm.module import (
    MAGIC,
    FunctionType,
    Kind,
    Limits,
    Module,
    SectionId,
    function_names,
    name_section_error,
    read_module,
    read_sections,
)


def read(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(f"(module {text})")))


def section(number: int, content: bytes) -> bytes:
    return bytes((number, len(content))) + content


def test_types_imports_and_functions() -> None:
    module = read(
        '(import "env" "f" (func (param i32 i64) (result f64)))'
        '(import "env" "g" (global (mut f32)))(import "env" "t" (table 2 3 externref))'
        '(import "env" "m" (memory 1))(func $own (param v128))'
    )
    assert module.types == (FunctionType(b"\x7f\x7e", b"\x7c"), FunctionType(b"\x7b", b""))
    function, variable, table, memory = module.imports
    assert (function.module, function.name, function.kind, function.type) == (
        *("env", "f", Kind.FUNCTION),
        0,
    )
    assert variable.type == (b"\x7d", True)
    assert (table.type, table.element) == (Limits(2, 3, 1), b"\x6f")
    assert memory.type == Limits(1, None, 0)
    assert module.functions == (1,)
    assert module.function_type(0) == module.types[0]
    assert module.function_type(1) == module.types[1]
    assert module.function_type(2) is None
    assert module.body(0) is None
    assert module.body(1) == module.bodies[0]


def test_globals_exports_and_start() -> None:
    module = read(
        '(global (export "a") i32 (i32.const -7))(global (mut i64) (i64.const 9))'
        "(global f32 (f32.const 1))(global funcref (ref.func $s))(global externref"
        " (ref.null extern))(global i32 (i32.add (i32.const 1) (i32.const 2)))"
        '(func $s)(start $s)(memory (export "memory") i64 5 6)'
    )
    assert [item.initial.op for item in module.globals] == [
        *("i32.const", "i64.const", "other", "ref.func", "ref.null", "other")
    ]
    assert [item.initial.value for item in module.globals][:2] == [-7, 9]
    assert [(item.name, item.kind, item.index) for item in module.exports] == [
        ("a", Kind.GLOBAL, 0),
        ("memory", Kind.MEMORY, 0),
    ]
    assert module.start == 0
    assert module.memories == (Limits(5, 6, 5),)


def test_segments() -> None:
    module = read(
        '(memory 1)(table 9 funcref)(func $a)(func $b)(data (i32.const 5) "abc")(data "d")'
        "(elem (i32.const 3) func $b $a)(elem declare func $a)"
        "(elem (i32.const 1) funcref (ref.func $b) (ref.null func))"
    )
    active, passive = module.data_segments
    assert active.offset is not None
    assert active.offset.value == 5
    assert module.data[active.start : active.end] == b"abc"
    assert passive.offset is None
    first, declared, expressions = module.elements
    assert (first.functions, first.offset and first.offset.value) == ((1, 0), 3)
    assert (declared.functions, declared.offset) == ((0,), None)
    assert expressions.functions == (1, None)


def test_garbage_collected_types() -> None:
    module = read(
        "(rec (type $a (func (param (ref $s)))) (type $s (struct (field i8 (mut i64)))))"
        "(type $open (sub (func)))(type $array (array (mut funcref)))(type $plain (func))"
        "(global (ref null $s) (struct.new $s (i32.const 1) (i64.const 2)))"
    )
    assert [item and item.plain for item in module.types] == [False, None, False, None, True]
    assert module.types[0] == FunctionType(b"\x64\x01", b"", plain=False)
    assert module.globals[0].initial.op == "other"


def test_custom_sections_and_names() -> None:
    data = MAGIC + section(0, b"\x01xhello") + section(0, b"\x01xagain")
    module = read_module(data)
    assert module.custom("x") == b"hello"
    assert module.custom("y") is None
    named = read("(func $first)(func $second)")
    assert function_names(named) == {0: "first", 1: "second"}
    assert name_section_error(named) == ""
    assert function_names(module) == {}


@pytest.mark.parametrize(
    ("content", "names", "error"),
    [
        (b"\x01\x04\x01\x00\x01a", {0: "a"}, ""),
        (b"\x00\x02\x01m\x01\x04\x01\x00\x01a", {0: "a"}, ""),
        (b"\x01\x05\x01\x00\x01a\x00", {0: "a"}, "does not end where it says"),
        (b"\x01\x09\x01\x00\x01a", {}, "cut short"),
        (b"\x01\x04\x02\x00\x01a", {0: "a"}, "cut short"),
        (b"\x01\x04\x01\x00\x09a", {}, "cut short"),
    ],
    ids=["sound", "other-before", "too-long", "too-short", "one-missing", "long-name"],
)
def test_broken_names(content: bytes, names: dict[int, str], error: str) -> None:
    module = read_module(MAGIC + section(0, b"\x04name" + content))
    assert function_names(module) == names
    assert error in name_section_error(module)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a WebAssembly module"),
        (b"\0asm", "not a WebAssembly module"),
        (b"\0asm\x0d\0\x01\0", "component"),
        (MAGIC + b"\x01", "cut short or malformed at byte"),
        (MAGIC + b"\x01\x05\x00", "cut short or malformed at byte 10"),
        (MAGIC + b"\x01\x80\x80\x80\x80\x10", "cut short or malformed"),
        (MAGIC + section(0, b"\x05ab"), "cut short or malformed"),
        (MAGIC + section(14, b""), "unknown number 14"),
        (MAGIC + section(1, b"\x00") * 2, "two TYPE sections"),
        (MAGIC + section(1, b"\x00\x00"), "does not end where it says"),
        (MAGIC + section(1, b"\x02\x60\x00\x00"), "it is cut short|does not end"),
        (MAGIC + section(1, b"\x7f"), "127 items does not fit"),
        (MAGIC + section(1, b"\x01\x5d\x00"), "unknown form 0x5d"),
        (MAGIC + section(2, b"\x01\x00\x00\x07\x00"), "7 is not a valid Kind"),
        (MAGIC + section(2, b"\x01\x01\xff\x00\x00\x00"), "utf-8"),
        (MAGIC + section(5, b"\x01\x40\x01"), "unknown flags 0x40"),
        (MAGIC + section(6, b"\x01\x7f\x00\x10\x00\x0b"), "the instruction 0x10"),
        (MAGIC + section(9, b"\x01\x08"), "unknown flags 8"),
        (MAGIC + section(11, b"\x01\x03"), "unknown flags 3"),
        (MAGIC + section(10, b"\x01\x7f"), "cut short"),
        (MAGIC + section(3, b"\x83\x89\x7a" + b"\0" * 60), "does not fit"),
    ],
)
def test_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(GuestModuleError, match=reason):
        read_module(data)


def test_a_vector_longer_than_any_engine_takes() -> None:
    content = b"\xc1\x84\x3d" + bytes(1_000_001)
    data = MAGIC + b"\x03\xc4\x84\x3d" + content
    with pytest.raises(GuestModuleError, match="1000001 items is longer than any engine takes"):
        read_module(data)


def test_sections_stand_where_they_say() -> None:
    data = MAGIC + section(0, b"\x01xhello") + section(5, b"\x01\x00\x01")
    custom, memory = read_sections(data)
    assert (custom.id, custom.name) == (SectionId.CUSTOM, "x")
    assert data[custom.start : custom.end] == b"hello"
    assert data[memory.start : memory.end] == b"\x01\x00\x01"
