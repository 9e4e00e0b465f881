"""How long each instruction is, and which proposal brought it.

Regular expressions per WebAssembly feature, made from the instruction index of the core
specification (7.10) and the proposals' binary formats. Joined by ``passing`` they go through
millions of instructions at the speed of C; a scan stops only where a feature appears for the
first time, and at the few instructions of variable length.
"""

from __future__ import annotations

import re
from functools import cache

from wasmkit.wasm.cursor import Cursor
from wasmkit.wasm.leb128 import read_i64

__all__ = ["FEATURES", "instruction_end", "instructions_start", "passing"]

_LEB = rb"[\x80-\xff]*[\x00-\x7f]"
_NOT_ZERO = rb"(?:[\x01-\x7f]|[\x80-\xff]+[\x00-\x7f])"
_INDEX = rb"(?:[\x00-\x3f]|[\x80-\xff]+[\x00-\x3f])"
"""A type index where a negative number would be a type itself (s33)."""

_MEMORY_0 = rb"(?:[\x00-\x3f]|[\x80-\xbf]" + _LEB + rb")" + _LEB
"""Alignment and offset; bit 6 of the alignment would say that a memory index follows."""

_MEMORY_N = rb"(?:[\x40-\x7f]|[\xc0-\xff]" + _LEB + rb")" + _LEB + _LEB
_ANY_MEMORY = rb"(?:" + _MEMORY_0 + rb"|" + _MEMORY_N + rb")"
_COLLECTED = rb"[\x6a-\x6e\x71-\x73]"
"""Abstract heap types of the garbage collection proposal."""

_MVP = ""
_ENCODINGS: dict[str, tuple[bytes, ...]] = {
    _MVP: (
        rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xbf]",
        rb"[\x0c\x0d\x10\x20-\x24\x41\x42]" + _LEB,
        rb"[\x28-\x3e]" + _MEMORY_0,
        rb"[\x02-\x04][\x40\x7c-\x7f]",
        rb"\x11" + _LEB + rb"\x00",
        rb"[\x3f\x40]\x00",
        rb"\x43.{4}|\x44.{8}",
    ),
    "sign-extension": (rb"[\xc0-\xc4]",),
    "saturating-float-to-int": (rb"\xfc[\x00-\x07]",),
    "multi-value": (rb"[\x02-\x04]" + _INDEX,),
    "bulk-memory": (
        rb"\xfc(?:[\x08\x0c]"
        + _LEB
        + rb"\x00|[\x09\x0d]"
        + _LEB
        + rb"|[\x0a\x0e]\x00\x00|\x0b\x00)",
    ),
    "reference-types": (
        rb"[\x02-\x04][\x6f\x70]",
        rb"\x11" + _LEB + _NOT_ZERO,
        rb"[\x25\x26]" + _LEB,
        rb"\xd0[\x6f\x70]|\xd1|\xd2" + _LEB,
        rb"\xfc(?:[\x0f-\x11]"
        + _LEB
        + rb"|\x0c"
        + _LEB
        + _NOT_ZERO
        + rb"|\x0e"
        + _LEB
        + _LEB
        + rb")",
    ),
    "simd": (
        rb"[\x02-\x04]\x7b",
        rb"\xfd(?:[\x0e-\x14\x23-\x53\x5e-\x7f]|[\x80-\xff]\x01|[\x0c\x0d].{16}|[\x15-\x22].)",
        rb"\xfd(?:[\x00-\x0b\x5c\x5d]" + _ANY_MEMORY + rb"|[\x54-\x5b]" + _ANY_MEMORY + rb".)",
    ),
    "relaxed-simd": (rb"\xfd[\x80-\x93]\x02",),
    "threads": (rb"\xfe(?:\x03\x00|[\x00-\x02\x10-\x4e]" + _ANY_MEMORY + rb")",),
    "tail-call": (rb"\x12" + _LEB + rb"|\x13" + _LEB + _LEB,),
    "exceptions": (rb"\x08" + _LEB + rb"|\x0a",),
    "exceptions reference-types": (rb"[\x02-\x04][\x69\x74]|\xd0[\x69\x74]",),
    "legacy-exceptions": (
        rb"\x06[\x40\x6f\x70\x7b-\x7f]",
        rb"[\x07\x09\x18]" + _LEB + rb"|\x19",
    ),
    "legacy-exceptions multi-value": (rb"\x06" + _INDEX,),
    "multi-memory": (
        rb"[\x28-\x3e]" + _MEMORY_N,
        rb"[\x3f\x40]" + _NOT_ZERO,
        rb"\xfc(?:[\x08\x0a]" + _LEB + _LEB + rb"|\x0b" + _LEB + rb")",
    ),
    "gc": (
        rb"[\x02-\x04](?:[\x63\x64])?" + _COLLECTED,
        rb"\xd0" + _COLLECTED + rb"|\xd3",
        rb"\xfb(?:[\x0f\x1a-\x1e]|[\x00\x01\x06\x07\x0b-\x0e\x10\x14-\x17]" + _LEB + rb")",
        rb"\xfb[\x02-\x05\x08-\x0a\x11-\x13]" + _LEB + _LEB,
        rb"\xfb[\x18\x19]." + _LEB + _LEB + _LEB,
    ),
    "function-references": (
        rb"[\x02-\x04][\x63\x64](?:[\x69\x6f\x70\x74]|" + _INDEX + rb")",
        rb"\xd0" + _INDEX + rb"|\xd4|[\x14\xd5\xd6]" + _LEB,
    ),
    "function-references tail-call": (rb"\x15" + _LEB,),
    "wide-arithmetic": (rb"\xfc[\x13-\x16]",),
}

FEATURES = tuple(_ENCODINGS)
"""What ``instruction_end`` returns; more than one name in a text are separated by a space, and
the first, empty one is WebAssembly 1.0."""

_ONE = re.compile(
    rb"|".join(b"(" + b"|".join(patterns) + b")" for patterns in _ENCODINGS.values()), re.DOTALL
)
_STACK_SWITCHING = range(0xE0, 0xE7)
_BR_TABLE, _TYPED_SELECT, _TRY_TABLE = 0x0E, 0x1C, 0x1F
_CATCHES_WITH_TAG = (0, 1)
_CATCHES_ALL = (2, 3)


@cache
def passing(features: frozenset[str]) -> re.Pattern[bytes]:
    """Return an expression that matches all that is plain or of these features, in a row."""
    patterns = [
        pattern
        for feature, some in _ENCODINGS.items()
        if feature == _MVP or feature in features
        for pattern in some
    ]
    # No groups in it: CPython 3.11 loses count of groups in a possessive repetition.
    return re.compile(b"(?:" + b"|".join(patterns) + b")*+", re.DOTALL)


def instruction_end(data: bytes, position: int, end: int) -> tuple[int, str]:
    """Return where the instruction at a position ends, and its feature (see ``FEATURES``).

    Raises ``ValueError`` for an unknown instruction or one that does not end before ``end``.
    """
    match = _ONE.match(data, position, end)
    if match is not None:
        assert match.lastindex is not None
        return match.end(), FEATURES[match.lastindex - 1]
    cursor = Cursor(data, position, end)
    opcode = cursor.byte()
    feature = _MVP
    try:
        if opcode == _BR_TABLE:
            _labels(cursor)
        elif opcode == _TYPED_SELECT:
            feature = "reference-types"
            for _ in range(cursor.count()):
                cursor.value_type()
        elif opcode == _TRY_TABLE:
            feature = _catches(cursor)
        else:
            raise _unknown(opcode, position)
    except IndexError:
        cursor.position = end + 1
    if cursor.position > end:
        raise ValueError(f"the instruction {opcode:#x} at byte {position} is cut short")
    return cursor.position, feature


def _unknown(opcode: int, position: int) -> ValueError:
    what = " (stack switching)" if opcode in _STACK_SWITCHING else ""
    return ValueError(f"unknown instruction {opcode:#x}{what} at byte {position}")


def _labels(cursor: Cursor) -> None:
    count = cursor.count() + 1
    labels = cursor.data[cursor.position : cursor.position + count]
    if labels and max(labels) < 0x80:  # labels of one byte each, as nearly always
        cursor.skip(count)
    else:
        for _ in range(count):
            cursor.u32()


def _catches(cursor: Cursor) -> str:
    """Read the block type of a ``try_table`` and its clauses; return its features."""
    feature = "exceptions"
    if cursor.peek() in (0x63, 0x64):
        cursor.value_type()
        feature += " function-references"
    else:  # every other block type is one signed integer, and those of types are negative
        kind, cursor.position = read_i64(cursor.data, cursor.position)
        feature += " multi-value" if kind >= 0 else ""
    for _ in range(cursor.count()):
        clause = cursor.byte()
        if clause in _CATCHES_WITH_TAG:
            cursor.u32()
        elif clause not in _CATCHES_ALL:
            raise ValueError(f"unknown catch clause {clause} at byte {cursor.position - 1}")
        cursor.u32()
    return feature


def instructions_start(data: bytes, start: int, end: int) -> tuple[int, set[bytes]]:
    """Return where a body's instructions begin, and the types of its locals.

    Raises ``ValueError`` if the locals do not fit into the body.
    """
    cursor = Cursor(data, start, end)
    types = set()
    try:
        for _ in range(cursor.count()):
            cursor.u32()
            types.add(cursor.value_type())
    except IndexError:
        cursor.position = end + 1
    if cursor.position > end:
        raise ValueError(f"the locals at byte {start} are cut short")
    return cursor.position, types
