"""Writes the binary format (core specification 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.wasm.leb128 import write_signed, write_u32
from wasmkit.wasm.module import MAGIC, FunctionType, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "assemble",
    "custom",
    "data_segment",
    "export",
    "function_import",
    "function_type",
    "i32_const",
    "i32_global",
    "limits",
    "name",
    "section",
    "vector",
]


def name(text: str) -> bytes:
    """Return a name: its UTF-8 bytes behind their count."""
    data = text.encode()
    return write_u32(len(data)) + data


def vector(items: Sequence[bytes]) -> bytes:
    """Return a vector: the items behind their count."""
    return write_u32(len(items)) + b"".join(items)


def section(number: int, content: bytes) -> bytes:
    """Return a section with its number and size."""
    return bytes((number,)) + write_u32(len(content)) + content


def custom(title: str, content: bytes) -> bytes:
    """Return a custom section."""
    return section(0, name(title) + content)


def assemble(sections: Iterable[bytes]) -> bytes:
    """Return a module of sections that are in the right order already."""
    return MAGIC + b"".join(sections)


def function_type(item: FunctionType) -> bytes:
    """Return an entry of the type section."""
    parameters, results = item.parameters, item.results
    return b"\x60" + write_u32(len(parameters)) + parameters + write_u32(len(results)) + results


def function_import(module: str, field: str, type_index: int) -> bytes:
    """Return an entry of the import section for a function."""
    return name(module) + name(field) + b"\0" + write_u32(type_index)


def export(field: str, kind: int, index: int) -> bytes:
    """Return an entry of the export section."""
    return name(field) + bytes((kind,)) + write_u32(index)


def limits(item: Limits) -> bytes:
    """Return the limits of a memory or a table."""
    if item.maximum is None:
        return b"\0" + write_u32(item.minimum)
    return b"\1" + write_u32(item.minimum) + write_u32(item.maximum)


def i32_const(value: int) -> bytes:
    """Return the instruction ``i32.const`` with a value given signed or unsigned."""
    value &= 0xFFFF_FFFF
    return b"\x41" + write_signed(value - (1 << 32) if value & 0x8000_0000 else value)


def i32_global(value: int, *, mutable: bool) -> bytes:
    """Return an i32 global with a plain constant as its initialiser."""
    return b"\x7f" + bytes((mutable,)) + i32_const(value) + b"\x0b"


def data_segment(offset: int, content: bytes | memoryview) -> bytes:
    """Return an active data segment of memory 0."""
    return b"\0" + i32_const(offset) + b"\x0b" + write_u32(len(content)) + content
