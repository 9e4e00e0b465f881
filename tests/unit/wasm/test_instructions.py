"""The linker's scan of plain instructions, on bodies that wasmtime's parser made."""

from __future__ import annotations

import wasmtime

from wasmkit.wasm.instructions import OP, PLAIN, br_table_end, code_start
from wasmkit.wasm.module import Module, read_module


def read(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(f"(module {text})")))


def stops(module: Module, body: int) -> list[int]:
    """Return the opcodes at which the scan stops, with only ``br_table`` and calls gone past."""
    data = module.data
    start, end = module.bodies[body]
    position = code_start(data, start)
    found: list[int] = []
    while True:
        match = PLAIN.match(data, position, end)
        assert match is not None
        position = match.end()
        if position == end:
            return found
        found.append(data[position])
        if data[position] == OP.BR_TABLE:
            position = br_table_end(data, position)
        else:
            assert data[position] in (OP.CALL, OP.GLOBAL_GET, OP.GLOBAL_SET)
            assert data[position + 1] < 0x80
            position += 2


PLAIN_TEXT = """(memory 1)(func (param i32 i64 f32 f64) (result i32) (local i32 i32 i64)
  (block (loop (br_if 1 (local.get 0)) (br 0)))
  (if (result i32) (i32.const -100000) (then (i32.const 5)) (else (i32.load8_u offset=70000
    (memory.grow (memory.size))))) drop
  (f64.store (i32.const 1) (f64.const 0x1.0b0e100b0p3)) (f32.store (i32.const 1) (f32.const 11))
  (i64.store32 (i32.const 0) (i64.const -1234567890123)) (drop (i32.trunc_sat_f64_s (f64.const 1)))
  (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))
  (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
  (drop (i32.extend16_s (select (i32.const 1) (i32.const 2) (i32.const 3))))
  (return (i32.wrap_i64 (local.get 6))))"""


def test_plain_instructions_are_passed_in_one_match() -> None:
    assert stops(read(PLAIN_TEXT), 0) == []


def test_it_stops_at_what_names_something() -> None:
    module = read(
        "(global $g (mut i32) (i32.const 0))(func $f (param i32) (block (block"
        " (br_table 0 1 0 1 (local.get 0)))) (global.set $g (global.get $g)) (call $f"
        " (i32.const 0)))"
    )
    assert stops(module, 0) == [OP.BR_TABLE, OP.GLOBAL_GET, OP.GLOBAL_SET, OP.CALL]


def test_br_table_with_long_labels() -> None:
    data = b"\x0e\x02\x80\x01\x05\x83\x80\x00\x0b"
    assert br_table_end(data, 0) == 8


def test_code_start_is_behind_the_locals() -> None:
    module = read("(func (local i32 i32 f64 i64) nop)")
    start, end = module.bodies[0]
    assert module.data[code_start(module.data, start) : end] == b"\x01\x0b"
