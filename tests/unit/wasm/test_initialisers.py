"""Constant expressions, assembled by wasmtime: what each is, and its bytes."""

from __future__ import annotations

import pytest
import wasmtime

from wasmkit.wasm.cursor import Cursor
from wasmkit.wasm.initialisers import read_initialiser
from wasmkit.wasm.module import read_module
from wasmkit.wasm.parts import ConstantExpression

PRELUDE = (
    '(import "e" "g" (global $g i32))(import "e" "h" (global $h i64))'
    "(type $f (func))(type $s (struct (field i32)))(type $a (array i8))(func $x)(func $y)"
    "(elem declare func $x $y)"
)


def initialiser(type_: str, text: str) -> ConstantExpression:
    module = read_module(bytes(wasmtime.wat2wasm(f"(module {PRELUDE}(global {type_} {text}))")))
    return module.globals[0].initial


@pytest.mark.parametrize(
    ("type_", "text", "op", "value"),
    [
        ("i32", "(i32.const 0)", "i32.const", 0),
        ("i32", "(i32.const -2147483648)", "i32.const", -(2**31)),
        ("i32", "(i32.const 0xffffffff)", "i32.const", -1),
        ("i64", "(i64.const 9223372036854775807)", "i64.const", 2**63 - 1),
        ("i32", "(global.get $g)", "global.get", 0),
        ("i64", "(global.get $h)", "global.get", 1),
        ("funcref", "(ref.func $y)", "ref.func", 1),
        ("funcref", "(ref.null func)", "ref.null", 0),
        ("(ref null $f)", "(ref.null $f)", "ref.null", 0),
        ("f32", "(f32.const 0x0b0b)", "other", 0),
        ("f64", "(f64.const -0x0.0b0b0b0bp0)", "other", 0),
        ("v128", "(v128.const i8x16 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11)", "other", 0),
        ("i32", "(i32.add (i32.const 11) (global.get $g))", "other", 0),
        ("i64", "(i64.mul (i64.const 2) (i64.sub (i64.const 3) (global.get $h)))", "other", 0),
        ("(ref $s)", "(struct.new $s (i32.const 11))", "other", 0),
        ("(ref $s)", "(struct.new_default $s)", "other", 0),
        ("(ref $a)", "(array.new $a (i32.const 11) (i32.const 2))", "other", 0),
        ("(ref $a)", "(array.new_default $a (i32.const 11))", "other", 0),
        ("(ref $a)", "(array.new_fixed $a 2 (i32.const 11) (i32.const 2))", "other", 0),
        ("i31ref", "(ref.i31 (i32.const 11))", "other", 0),
        ("externref", "(extern.convert_any (ref.null any))", "other", 0),
        ("anyref", "(any.convert_extern (ref.null extern))", "other", 0),
    ],
)  # fmt: skip
def test_each_initialiser(type_: str, text: str, op: str, value: int) -> None:
    found = initialiser(type_, text)
    assert (found.op, found.value) == (op, value)
    # 0x0b, which ends an expression, is among the operands of some of them.
    rest = Cursor(found.code + b"\x0b\xee", 0, len(found.code) + 2)
    assert read_initialiser(rest) == found
    assert rest.take(1) == b"\xee"


@pytest.mark.parametrize(
    ("code", "op", "value"),
    [
        ("4180010b", "i32.const", 128),
        ("0b", "other", 0),
        ("41014102 0b", "other", 0),
        ("d2838080000b", "ref.func", 3),
    ],
    ids=["i32", "empty", "two", "padded"],
)
def test_bytes(code: str, op: str, value: int) -> None:
    data = bytes.fromhex(code)
    assert read_initialiser(Cursor(data, 0, len(data))) == ConstantExpression(op, value, data[:-1])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("", IndexError, id="empty"),
        pytest.param("41", IndexError, id="no-value"),
        pytest.param("43000000", IndexError, id="half-a-float"),
        pytest.param("fd0c00", IndexError, id="half-a-vector"),
        pytest.param("4101", IndexError, id="no-end"),
        pytest.param("100b", ValueError, id="call"),
        pytest.param("42017f0b", ValueError, id="division"),
        pytest.param("fd000b", ValueError, id="v128.load"),
        pytest.param("fb020b", ValueError, id="struct.get"),
        pytest.param("41ffffffffff0b", ValueError, id="more-than-32-bits"),
    ],
)
def test_what_is_no_initialiser(code: str, error: type[Exception]) -> None:
    data = bytes.fromhex(code)
    with pytest.raises(error):
        read_initialiser(Cursor(data, 0, len(data)))
