"""What is valid: as wasm-tools says it of the features that V8 in Envoy has."""

from __future__ import annotations

import pytest
import wasmtime

from wasm_tools import assemble, validation_error
from wasmkit.inspection.validity import bytecode_error

IN_ENVOYS_V8 = (
    *("mutable-global", "sign-extension", "saturating-float-to-int", "bulk-memory"),
    *("multi-value", "reference-types", "extended-const", "simd", "relaxed-simd", "tail-call"),
    *("threads", "memory64", "multi-memory", "exceptions", "function-references", "gc"),
)

VALID = {
    "empty": "(module)",
    "gc": "(module (type (struct (field i8))) (func (drop (struct.new_default 0))))",
    "exceptions": "(module (tag $t) (func (block $h (try_table (catch $t $h)))))",
    "memory64": "(module (memory i64 1) (func (drop (i32.load (i64.const 0)))))",
    "multi-memory": "(module (memory 1) (memory 1) (func (drop (memory.grow 1 (i32.const 0)))))",
    "relaxed-simd": "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0)"
    " (local.get 0)))))",
    "tail-call": "(module (func return_call 0))",
    "threads": "(module (memory 1 1 shared) (func atomic.fence))",
}


@pytest.mark.parametrize("text", VALID.values(), ids=VALID)
def test_what_v8_takes_is_valid(text: str) -> None:
    data = assemble(text)
    assert validation_error(data, IN_ENVOYS_V8) == ""
    assert bytecode_error(data) == ""


INVALID = {
    "type": ("(module (func (result i32) (i64.const 1)))", "type mismatch"),
    "stack": ("(module (func (drop)))", "stack|nothing"),
    "limits": ("(module (memory 2 1))", "minimum"),
    "index": ("(module (func (call 7)))", "unknown function"),
    "twice": ('(module (func (export "a")) (func (export "a")))', "duplicate export"),
    "custom-page-sizes": ("(module (memory 1 (pagesize 1)))", "page size"),
    "wide-arithmetic": (
        "(module (func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0))))",
        "wide arithmetic",
    ),
}


@pytest.mark.parametrize(("text", "why"), INVALID.values(), ids=INVALID)
def test_what_is_invalid_is_said_in_one_line(text: str, why: str) -> None:
    data = assemble(text)
    assert validation_error(data, IN_ENVOYS_V8) != ""
    said = bytecode_error(data)
    assert "\n" not in said
    assert any(word in said for word in why.split("|")), said


@pytest.mark.parametrize("data", [b"", b"\0asm", b"\0asm\x01\0\0\0\x01", b"text"])
def test_what_is_cut_short_is_invalid(data: bytes) -> None:
    assert bytecode_error(data) != ""


def test_nothing_is_run() -> None:
    assert bytecode_error(bytes(wasmtime.wat2wasm("(module (func unreachable) (start 0))"))) == ""
