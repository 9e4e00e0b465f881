"""Finds the instructions of a function body that name something by index.

A body of CPython has millions of instructions, and a linker changes only those that name a
function, a global or a type. One regular expression with possessive repetition passes over all
others at the speed of C; ``PLAIN`` is the alternation of the instructions of WebAssembly 2.0
without vectors that hold no such index (core specification 5.4).
"""

from __future__ import annotations

import re

from wasmkit.wasm.leb128 import read_u32

__all__ = ["OP", "PLAIN", "PLAIN_BUT_I32_CONST", "br_table_end", "code_start"]

_LEB = rb"[\x80-\xff]*[\x00-\x7f]"


def _runs(integers: bytes) -> re.Pattern[bytes]:
    """Return what matches runs of plain instructions, of the integer constants only these."""
    return re.compile(
        rb"(?:"
        rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4\xd1]"  # no operand
        rb"|[\x0c\x0d\x20-\x22" + integers + rb"]" + _LEB +  # branches, locals, integers
        rb"|[\x28-\x3e]" + _LEB + _LEB +  # loads and stores: alignment, offset
        rb"|[\x02-\x04][\x40\x6f\x70\x7c-\x7f]"  # blocks with at most one result
        rb"|[\x3f\x40]\x00"  # memory.size, memory.grow
        rb"|\x43.{4}|\x44.{8}"  # floats
        rb"|\xfc(?:[\x00-\x07]|\x0a\x00\x00|\x0b\x00)"  # saturating, memory.copy, .fill
        rb")*+",
        re.DOTALL,
    )  # fmt: skip


PLAIN = _runs(rb"\x41\x42")
"""Matches as many plain instructions as follow each other; what stands behind is not plain."""

PLAIN_BUT_I32_CONST = _runs(rb"\x42")
"""The same, but ``i32.const`` is not plain either."""


class OP:
    """Opcodes that are not plain."""

    BR_TABLE = 0x0E
    CALL = 0x10
    CALL_INDIRECT = 0x11
    GLOBAL_GET = 0x23
    GLOBAL_SET = 0x24


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
