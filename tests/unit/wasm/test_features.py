"""Features against wasm-tools: a module is valid with what was found, and with nothing less."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from second_opinions import SMITH_FEATURES, compile_c, smith
from wasm_tools import assemble, validation_error
from wasmkit.wasm.features import FeatureScan, scan_features, value_types
from wasmkit.wasm.module import MAGIC, read_module

if TYPE_CHECKING:
    from pathlib import Path


def scan(data: bytes) -> FeatureScan:
    return scan_features(read_module(data))


_LEGACY = "(tag $t)(func try throw $t catch $t end)"
SNIPPETS = {
    "": "(memory 1)(table 1 funcref)(elem (i32.const 0) 0)(func (param i32) (result i32)"
    " (local f64) block (br_table 0 0 (local.get 0)) end (i32.load offset=300 (i32.const 8)))",
    "bulk-memory": '(memory 1)(data "a")(func (memory.init 0 (i32.const 0) (i32.const 0)'
    " (i32.const 0)) (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop 0)"
    " (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
    "custom-page-sizes": "(memory 1 (pagesize 1))",
    "exceptions": "(tag $t)(func (throw $t))(func (block $h (try_table (catch $t $h))))",
    "exceptions legacy-exceptions": _LEGACY,
    "exceptions reference-types": "(func (param exnref))",
    "extended-const": "(global i32 (i32.sub (i32.const 1) (i32.mul (i32.const 3) (i32.const 4))))",
    "function-references reference-types": "(type $t (func))(func (param (ref $t))"
    " (call_ref $t (local.get 0)))",
    "function-references gc reference-types": "(type $s (struct (field i32)))(func (result i32)"
    " (struct.get $s 0 (struct.new_default $s)))",
    "memory64": "(memory i64 1)(func (drop (i32.load (i64.const 0))))",
    "multi-memory": "(memory 1)(memory $b 1)(func (drop (i32.load $b (i32.const 0)))"
    " (drop (memory.grow $b (i32.const 0))))",
    "multi-value": "(func (param i32 i64) (result i32 i64) (local.get 0) (local.get 1)"
    " (block (param i32 i64) (result i32 i64)))",
    "mutable-global": '(global (export "g") (mut i32) (i32.const 0))',
    "reference-types": "(table $a 1 funcref)(table 1 externref)(func (param externref)"
    " (table.set 1 (i32.const 0) (local.get 0)) (drop (table.size $a))"
    " (drop (select (result externref) (local.get 0) (local.get 0) (i32.const 1))))",
    "relaxed-simd simd": "(func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0)"
    " (local.get 0)))",
    "saturating-float-to-int": "(func (result i64) (i64.trunc_sat_f64_u (f64.const 1)))",
    "sign-extension": "(func (result i32) (i32.extend8_s (i32.const 200)))",
    "simd": "(memory 1)(func (result i32) (v128.store offset=9 (i32.const 0) (i8x16.add"
    " (v128.const i64x2 1 2) (v128.load8_lane 3 (i32.const 0) (v128.const i64x2 1 2))))"
    " (i8x16.extract_lane_s 15 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"
    " (v128.const i64x2 1 2) (v128.const i64x2 1 2))))",
    "tail-call": "(func return_call 0)",
    "threads": "(memory 1 1 shared)(func (drop (i32.atomic.rmw8.add_u (i32.const 0)"
    " (i32.const 1))) atomic.fence)",
    "wide-arithmetic": "(func (param i64 i64) (result i64) (drop (i64.mul_wide_u (local.get 0)"
    " (local.get 1))) )",
}


# Where a snippet needs more than one feature: the one that it is for.
MAIN = {
    "exceptions legacy-exceptions": "legacy-exceptions",
    "exceptions reference-types": "exceptions",
    "function-references reference-types": "function-references",
    "function-references gc reference-types": "gc",
    "relaxed-simd simd": "relaxed-simd",
}


@pytest.mark.parametrize("names", SNIPPETS)
def test_each_feature(names: str) -> None:
    data = assemble(f"(module {SNIPPETS[names]})")
    expected = set(names.split())
    if names == "wide-arithmetic":
        expected.add("multi-value")  # the instruction has two results
    found = scan(data)
    assert found.unread == ""
    assert set(found.names) - {"multi-value"} == expected - {"multi-value"}
    assert validation_error(data, expected) == ""
    feature = MAIN.get(names, names)
    if feature:
        assert validation_error(data, expected - {feature}) != ""


@pytest.mark.parametrize("number", range(40))
def test_generated_modules_are_valid_with_what_was_found(number: int) -> None:
    # wasm-smith uses every instruction of the features that it may use.
    chance = random.Random(number)
    features = {name for name in SMITH_FEATURES if chance.random() < 0.4}
    if "gc" in features:
        # The fields of structures are not looked at for vectors and exceptions.
        features = (features | {"reference-types"}) - {"simd", "relaxed-simd", "exceptions"}
    data = smith(chance.randbytes(chance.choice((500, 5_000, 30_000))), features)
    found = scan(data)
    assert found.unread == ""
    assert validation_error(data, found.names) == ""


C = """
int counter; static int f(int x) { return x * 3; } static int g(int x) { return x - 9; }
int (*volatile table[])(int) = {f, g};
__attribute__((export_name("run"))) long long run(int n, double d, signed char c) {
  switch (n) { case 1: counter += 5; break; case 2: counter -= table[n & 1](n); break;
    case 3: counter *= 3; break; case 4: counter ^= n; break; default: counter++; }
  for (int i = 0; i < n; i++) counter += (int)(d * i) + c;
  return counter;
}
"""


@pytest.mark.parametrize(
    "options",
    [(), ("-mcpu=mvp",), ("-msimd128", "-O3"), ("-mtail-call", "-mbulk-memory", "-msign-ext")],
    ids=["default", "mvp", "simd", "more"],
)
def test_compiled_c(tmp_path: Path, options: tuple[str, ...]) -> None:
    data = compile_c(tmp_path, C, *options)
    found = scan(data)
    assert found.unread == ""
    assert validation_error(data, found.names) == ""


def body(instructions: bytes, locals_: bytes = b"\x00") -> bytes:
    """Make a module of one function."""
    content = locals_ + instructions
    code = b"\x01" + bytes((len(content),)) + content
    return (
        MAGIC
        + b"\x01\x04\x01\x60\x00\x00"
        + b"\x03\x02\x01\x00"
        + b"\x0a"
        + bytes((len(code),))
        + code
    )


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        (b"\xff\x0b", "unknown instruction 0xff at byte"),
        (b"\xe2\x00\x0b", r"unknown instruction 0xe2 \(stack switching\)"),
        (b"\xfd\x94\x02\x0b", "unknown instruction 0xfd"),
        (b"\x0e\x05\x00\x0b", "does not fit"),
        (b"\x41\x80", "unknown instruction 0x41"),
        (b"\x1c\x01", "cut short|does not fit"),
        (b"\x1f\x40\x01\x07\x00\x0b", "unknown catch clause 7"),
    ],
)
def test_unknown_instructions_end_the_scan(instructions: bytes, reason: str) -> None:
    found = scan(body(instructions))
    assert found.unread.startswith("function 0: ")
    assert re.search(reason, found.unread)


@pytest.mark.parametrize("locals_", [b"\x09", b"\x02\x01\x7f", b"\x01\xff"])
def test_locals_that_do_not_fit(locals_: bytes) -> None:
    assert scan(body(b"", locals_)).unread.startswith("function 0: ")


def test_value_types() -> None:
    assert value_types(b"\x7f\x63\x00\x64\x80\x01\x6f") == [
        *(b"\x7f", b"\x63\x00", b"\x64\x80\x01", b"\x6f")
    ]
