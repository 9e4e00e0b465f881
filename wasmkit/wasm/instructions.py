"""Finds the instructions of a function body that name something by index.

A body of CPython has millions of instructions, and a linker changes only those that name a
function, a global or a type. One regular expression with possessive repetition passes over all
others at the speed of C; ``PLAIN`` is the alternation of the instructions of WebAssembly 2.0
without vectors that hold no such index (core specification 5.4).
"""

from __future__ import annotations

import re

from wasmkit.wasm.leb128 import read_u32

__all__ = ["OP", "PLAIN", "br_table_end", "code_start"]

_LEB = rb"[\x80-\xff]*[\x00-\x7f]"

PLAIN = re.compile(
    rb"(?:"
    rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4\xd1]"  # no operand
    rb"|[\x0c\x0d\x20-\x22\x41\x42]"
    + _LEB  # branches, locals, integers
    + rb"|[\x28-\x3e]"
    + _LEB
    + _LEB  # loads and stores: alignment, offset
    + rb"|[\x02-\x04][\x40\x6f\x70\x7c-\x7f]"  # blocks with at most one result
    rb"|[\x3f\x40]\x00"  # memory.size, memory.grow
    rb"|\x43.{4}|\x44.{8}"  # floats
    rb"|\xfc(?:[\x00-\x07]|\x0a\x00\x00|\x0b\x00)"  # saturating conversions, memory.copy, .fill
    rb")*+",
    re.DOTALL,
)
"""Matches as many plain instructions as follow each other; what stands behind is not plain."""


class OP:
    """Opcodes that are not plain."""

    BLOCK = 0x02
    LOOP = 0x03
    IF = 0x04
    BR_TABLE = 0x0E
    CALL = 0x10
    CALL_INDIRECT = 0x11
    SELECT_TYPED = 0x1C
    GLOBAL_GET = 0x23
    GLOBAL_SET = 0x24
    REF_NULL = 0xD0
    REF_FUNC = 0xD2


def code_start(data: bytes, start: int) -> int:
    """Return where the instructions of the body at ``start`` begin: behind its locals."""
    count, position = read_u32(data, start)
    for _ in range(count):
        _, position = read_u32(data, position)
        position += 1
    return position


def br_table_end(data: bytes, position: int) -> int:
    """Return where the ``br_table`` at ``position`` ends."""
    count, position = read_u32(data, position + 1)
    for _ in range(count + 1):
        while data[position] >= 0x80:
            position += 1
        position += 1
    return position
