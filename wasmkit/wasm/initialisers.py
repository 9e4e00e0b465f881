"""Reads constant expressions: the initialisers of globals, tables and segments.

Extended constants and the garbage collection proposal allow some instructions here beside the
plain constants (core specification 3.3.13).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.wasm.leb128 import read_i32, read_i64
from wasmkit.wasm.parts import ConstantExpression

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.wasm.cursor import Cursor

__all__ = ["read_initialiser"]

_END = 0x0B
_FLOATS = {0x43: 4, 0x44: 8}
_EXTENDED = frozenset({0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E})
"""Addition, subtraction and multiplication of integers."""

_VECTOR, _VECTOR_CONSTANT = 0xFD, 12
_GARBAGE_COLLECTED = 0xFB
_OPERANDS_OF_GC = {0: 1, 1: 1, 6: 1, 7: 1, 8: 2, 26: 0, 27: 0, 28: 0}
"""Indices behind struct.new, struct.new_default, array.new, array.new_default, array.new_fixed,
any.convert_extern, extern.convert_any and ref.i31."""


def read_initialiser(cursor: Cursor) -> ConstantExpression:
    """Read an initialiser up to and with its ``end``; raises as the cursor does."""
    start = cursor.position
    steps = 0
    op, value = "other", 0
    while (opcode := cursor.byte()) != _END:
        op, value = _step(cursor, opcode)
        steps += 1
    if steps != 1:
        op, value = "other", 0
    return ConstantExpression(op, value, cursor.data[start : cursor.position - 1])


def _step(cursor: Cursor, opcode: int) -> tuple[str, int]:
    rule = _SIMPLE.get(opcode)
    if rule is not None:
        name, read = rule
        return name, read(cursor)
    if opcode in _FLOATS:
        cursor.skip(_FLOATS[opcode])
    elif opcode == _VECTOR and cursor.peek() == _VECTOR_CONSTANT:
        cursor.skip(17)
    elif opcode == _GARBAGE_COLLECTED and cursor.peek() in _OPERANDS_OF_GC:
        for _ in range(_OPERANDS_OF_GC[cursor.byte()]):
            cursor.u32()
    elif opcode not in _EXTENDED:
        raise ValueError(f"an initialiser holds the instruction {opcode:#x}")
    return "other", 0


def _i32(cursor: Cursor) -> int:
    value, cursor.position = read_i32(cursor.data, cursor.position)
    return value


def _i64(cursor: Cursor) -> int:
    value, cursor.position = read_i64(cursor.data, cursor.position)
    return value


def _index(cursor: Cursor) -> int:
    return cursor.u32()


def _null(cursor: Cursor) -> int:
    cursor.heap_type()
    return 0


_SIMPLE: dict[int, tuple[str, Callable[[Cursor], int]]] = {
    0x23: ("global.get", _index),
    0x41: ("i32.const", _i32),
    0x42: ("i64.const", _i64),
    0xD0: ("ref.null", _null),
    0xD2: ("ref.func", _index),
}
