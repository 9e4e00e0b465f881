"""Writes the state of a running instance as a module that starts in that state.

The code stays as it is; memory becomes data segments, and the exported globals' values become
their initialisers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmkit.wasm import encode
from wasmkit.wasm.module import Kind, Limits, Module, SectionId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Snapshot", "write_snapshot"]

_PAGE = 65536
_GAP = bytes(64)
"""Runs of zeros worth leaving out: a segment's head costs up to 12 bytes, and every segment is
a step when the module is instantiated."""

_NOT_ZERO = re.compile(rb"[^\0]")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An instance's memory, a multiple of 64 KiB, and values of globals by export name."""

    memory: bytes
    globals: Mapping[str, int] = field(default_factory=dict)


def pieces(memory: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what is not zero, with its address."""
    start = 0
    while (found := _NOT_ZERO.search(memory, start)) is not None:
        start = found.start()
        end = memory.find(_GAP, start)
        if end < 0:
            end = len(memory)
        yield start, memory[start:end]
        start = end


def write_snapshot(
    module: Module,
    snapshot: Snapshot,
    *,
    exports: Sequence[tuple[str, Kind, str]] | None = None,
    custom: Mapping[str, bytes] | None = None,
    code: bytes | None = None,
) -> bytes:
    """Return the module in the snapshot's state.

    ``exports`` are (new name, kind, name in the module); None keeps all. ``custom`` sections are
    appended; those of the module are left out. ``code`` takes the place of the code section.
    """
    old = {(item.kind, item.name): item.index for item in module.exports}
    if exports is None:
        entries = [encode.export(name, kind, index) for (kind, name), index in old.items()]
    else:
        entries = [encode.export(new, kind, old[kind, name]) for new, kind, name in exports]
    replaced: dict[int, bytes] = {
        SectionId.MEMORY: encode.vector(
            [encode.limits(Limits(len(snapshot.memory) // _PAGE, None, 0))]
        ),
        SectionId.GLOBAL: encode.vector(_globals(module, snapshot.globals)),
        SectionId.EXPORT: encode.vector(entries),
        SectionId.DATA: encode.vector(
            [encode.data_segment(start, data) for start, data in pieces(snapshot.memory)]
        ),
    }
    if code is not None:
        replaced[SectionId.CODE] = code
    sections = [
        encode.section(
            section.id, replaced.get(section.id) or module.data[section.start : section.end]
        )
        for section in module.sections
        if section.id != SectionId.CUSTOM
    ]
    sections += [encode.custom(name, content) for name, content in (custom or {}).items()]
    return encode.assemble(sections)


def _globals(module: Module, values: Mapping[str, int]) -> list[bytes]:
    by_index = {
        item.index: values[item.name]
        for item in module.exports
        if item.kind is Kind.GLOBAL and item.name in values
    }
    return [
        encode.i32_global(by_index.get(index, item.initial.value), mutable=item.mutable)
        for index, item in enumerate(module.globals)
    ]
