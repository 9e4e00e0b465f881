"""Where instructions end and what brought them, against wasm-tools, which wrote each of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasm_tools import assemble
from wasmkit.wasm.encodings import FEATURES, instruction_end, instructions_start, passing
from wasmkit.wasm.module import read_module

# One instruction a line, each alone in a function of unreachable code, where any stack is valid.
PRELUDE = """
(type $f (func))(type $s (struct (field (mut i8))))(type $a (array (mut i8)))(type $b (array i8))
(type $two (func (param i32) (result i32 i32)))
(memory 1)(memory $m 1)(table $t 1 funcref)(table $u 1 funcref)(tag $e (param i32))(data "x")
(global $g (mut i32) (i32.const 0))(func $x)(elem $i funcref (ref.func $x))
"""
INSTRUCTIONS = {
    "": """
        nop|unreachable|i32.eqz|f64.reinterpret_i64|drop|select|br 0|br_if 0|call $x|local.get 200
        local.tee 0|global.set $g|i32.const -1|i64.const 0x8000000000000000|f32.const 0|f64.const 1
        i32.load offset=300|i64.store32 offset=4294967295 align=1|memory.size|memory.grow
        call_indirect (type $f)|br_table 0 0 0|return
        """,
    "sign-extension": "i32.extend8_s|i64.extend32_s",
    "saturating-float-to-int": "i32.trunc_sat_f32_s|i64.trunc_sat_f64_u",
    "bulk-memory": """
        memory.init 0|data.drop 0|memory.copy|memory.fill|table.init $t $i|elem.drop $i|table.copy
        """,
    "reference-types": """
        table.get $t|table.set $u|table.grow $u|table.size $t|table.fill $t|ref.null func
        ref.is_null|ref.func $x|select (result externref)|call_indirect $u (type $f)
        table.init $u $i|table.copy $u $t
        """,
    "simd": """
        v128.const i64x2 1 2|v128.load offset=200|v128.load32_splat|v128.store|v128.load64_zero
        v128.load8_lane 3|v128.store64_lane offset=999 1|i8x16.extract_lane_s 15
        f64x2.replace_lane 1
        i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15|i8x16.swizzle|i16x8.add|f64x2.max
        i32x4.trunc_sat_f64x2_u_zero|f64x2.convert_low_i32x4_u|v128.any_true|v128.bitselect
        """,
    "relaxed-simd": "i8x16.relaxed_swizzle|i32x4.relaxed_dot_i8x16_i7x16_add_s",
    "threads": """
        atomic.fence|memory.atomic.notify|memory.atomic.wait64 offset=200|i32.atomic.load
        i64.atomic.rmw32.cmpxchg_u offset=8
        """,
    "tail-call": "return_call $x|return_call_indirect $u (type $f)",
    "exceptions": "throw $e|throw_ref",
    "multi-memory": """
        i32.load $m offset=300|i64.store8 $m|memory.size $m|memory.grow $m|memory.init $m 0
        memory.copy $m 0|memory.copy 0 $m|memory.fill $m
        """,
    "gc": """
        struct.new $s|struct.new_default $s|struct.get_u $s 0|struct.set $s 0|array.new $a
        array.new_fixed $a 2|array.new_data $b 0|array.get_s $a|array.set $a|array.len|array.fill $a
        array.copy $a $b|array.init_data $a 0|ref.test (ref i31)|ref.cast (ref null $s)|ref.i31
        br_on_cast 0 anyref (ref $s)|br_on_cast_fail 0 anyref (ref null i31)|i31.get_s
        any.convert_extern|ref.eq|ref.null any|ref.null none
        """,
    "function-references": """
        call_ref $f|ref.null $f|br_on_null 0|br_on_non_null 0|ref.as_non_null
        """,
    "function-references tail-call": "return_call_ref $f",
    "wide-arithmetic": "i64.add128|i64.mul_wide_u",
}
EACH = [
    (feature, instruction.strip())
    for feature, lines in INSTRUCTIONS.items()
    for instruction in re.split(r"[|\n]", lines)
    if instruction.strip()
]
BLOCKS = {
    "": ["block", "loop (result i32)", "if"],
    "multi-value": ["block (type $two)", "if (type $two)"],
    "reference-types": ["block (result funcref)"],
    "simd": ["loop (result v128)"],
    "gc": ["block (result anyref)", "block (result (ref null i31))"],
    "function-references": ["block (result (ref $f))", "block (result (ref func))"],
    "exceptions": ["try_table", "try_table (result i32) (catch $e 0) (catch_all_ref 0)"],
    "exceptions reference-types": ["block (result exnref)"],
    "exceptions multi-value": ["try_table (type $two)"],
    "exceptions function-references": ["try_table (result (ref $f)) (catch_ref $e 0)"],
}


def body(instruction: str) -> bytes:
    """Return the bytes of one instruction, as wasm-tools writes it (it does not validate)."""
    module = read_module(assemble(f"(module {PRELUDE}(func {instruction}))"))
    start, end = module.bodies[-1]
    assert module.data[start] == 0  # no locals
    assert module.data[end - 1] == 0x0B
    return module.data[start + 1 : end - 1]


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    """Assemble all instructions at once."""
    text = "".join(f"(func {instruction})" for _, instruction in EACH)
    module = read_module(assemble(f"(module {PRELUDE}{text})"))
    ranges = module.bodies[-len(EACH) :]
    return {
        instruction: module.data[start + 1 : end - 1]
        for (_, instruction), (start, end) in zip(EACH, ranges, strict=True)
    }


@pytest.mark.parametrize(("feature", "instruction"), EACH, ids=[text for _, text in EACH])
def test_each_instruction(feature: str, instruction: str, bodies: dict[str, bytes]) -> None:
    code = bodies[instruction]
    assert instruction_end(b"\x01" + code + b"\x0b", 1, len(code) + 2) == (1 + len(code), feature)
    # Between others, the expression of all that is allowed goes past it or stops in front of it.
    names = frozenset({feature})
    row = b"\x01" + code + b"\x01"
    plain = passing(frozenset()).match(row)
    allowed = passing(names).match(row)
    assert plain is not None
    assert allowed is not None
    length = 1 if instruction in VARIABLE else len(row)
    assert plain.end() == (length if feature == "" else 1)
    assert allowed.end() == length


VARIABLE = {"br_table 0 0 0", "select (result externref)"}
"""Their length is in themselves: no expression goes past them."""


def test_no_instruction_is_whole_without_its_last_byte(bodies: dict[str, bytes]) -> None:
    longer = {text: code for text, code in bodies.items() if len(code) > 1}
    assert len(longer) > 90
    for code in longer.values():
        with pytest.raises(ValueError, match=r"unknown instruction|cut short|does not fit"):
            instruction_end(code, 0, len(code) - 1)


BLOCK = [(feature, block) for feature, blocks in BLOCKS.items() for block in blocks]


@pytest.mark.parametrize(("feature", "block"), BLOCK, ids=[text for _, text in BLOCK])
def test_blocks(feature: str, block: str) -> None:
    code = body(f"{block} end")
    assert code[-1] == 0x0B
    assert instruction_end(code, 0, len(code)) == (len(code) - 1, feature)


@pytest.mark.parametrize(
    "text",
    ["try nop catch $e end", "try (result i32) nop catch_all end", "try nop delegate 0"],
)
def test_legacy_exceptions(text: str) -> None:
    code = body(text)
    position, features = 0, []
    while position < len(code):
        position, found = instruction_end(code, position, len(code))
        features.append(found)
    ends = [""] if text.endswith("end") else []
    assert features == ["legacy-exceptions", "", "legacy-exceptions", *ends]


@pytest.mark.parametrize(
    ("locals_", "end", "types"),
    [
        ("00", 1, set()),
        ("017f", None, set()),
        ("01027f", 3, {b"\x7f"}),
        ("03027f017e8001630a", 9, {b"\x7f", b"\x7e", b"\x63\x0a"}),
        ("02027f", None, set()),
        ("0102", None, set()),
        ("09", None, set()),
        ("", None, set()),
    ],
)
def test_locals(locals_: str, end: int | None, types: set[bytes]) -> None:
    data = bytes.fromhex(locals_)
    if end is None:
        with pytest.raises(ValueError, match=r"cut short|does not fit"):
            instructions_start(data, 0, len(data))
    else:
        assert instructions_start(data + b"\x0b", 0, len(data) + 1) == (end, types)


@given(st.binary(min_size=1, max_size=30), st.integers(0, 30))
def test_any_bytes_end_in_a_place_or_a_value_error(data: bytes, end: int) -> None:
    end = min(end, len(data))
    try:
        position, feature = instruction_end(data, 0, end)
    except ValueError:
        return
    assert 0 < position <= end
    assert set(feature.split()) <= {name for names in FEATURES for name in names.split()} | {
        "exceptions",
        "multi-value",
    }
