"""Compiles modules once and keeps the machine code.

Compiling a Python filter takes seconds, and every build of one differs from the last only in its
data section (the interpreter's heap). So a module is compiled *without* its data segments where
that cannot be told from outside, and the segments are copied into each new instance's memory;
the machine code is kept under the hash of the rest, in this process and in a folder of the user.

What ``Module.serialize`` writes is native code that is run as it is. It is read only from a
folder and a file that belong to this user and that nobody else may write.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import wasmtime

from wasmkit.errors import GuestModuleError
from wasmkit.files import cache_folder, is_private_file, make_private_folder
from wasmkit.host.guest.deadline import EpochClock
from wasmkit.profiles.linking import Signature
from wasmkit.wasm.features import type_names
from wasmkit.wasm.module import (
    MAGIC,
    MAX_MODULE_BYTES,
    FunctionType,
    Kind,
    Module,
    Section,
    SectionId,
    read_module,
    read_sections,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_WASM_STACK",
    "CompiledModule",
    "compile_module",
    "engine",
    "epoch_clock",
]

MAX_WASM_STACK = 1 << 20
"""V8's default stack is about this large; every thread's stack must be larger."""

_CACHED_FROM_BYTES = 64 * 1024
"""Smaller modules compile faster than a file is worth."""

_MAX_CACHED_FILES = 16
_MAX_IN_MEMORY = 8


@dataclass(frozen=True, slots=True)
class CompiledModule:
    """Machine code, and the data that each instance's memory begins with."""

    module: wasmtime.Module
    segments: tuple[tuple[int, bytes], ...]
    """(address, bytes), to be written into memory 0 in this order after instantiation."""
    imported: tuple[Signature | None, ...]
    """The types of the imports, in order; None for memories, tables and globals.

    These and the next are read here, since wasmtime-py aborts the process when it is asked for a
    type that its C API does not know.
    """
    exported: Mapping[str, Signature]
    """The types of the exported functions, in the module's order."""


@cache
def engine() -> wasmtime.Engine:
    """Return this process's one engine."""
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.max_wasm_stack = MAX_WASM_STACK
    config.wasm_exceptions = True
    return wasmtime.Engine(config)


@cache
def epoch_clock() -> EpochClock:
    """Return the clock of this process's engine."""
    return EpochClock(engine())


def compile_module(data: bytes, *, folder: Path | None = None) -> CompiledModule:
    """Compile a core module, or find its machine code in memory or in ``folder``.

    ``folder`` is the cache unless given. A cache that cannot be used is passed over.
    Raises ``GuestModuleError`` if the module is not valid.
    """
    if len(data) > MAX_MODULE_BYTES:
        raise GuestModuleError(
            f"the module has {len(data):,} bytes, more than the {MAX_MODULE_BYTES:,} that"
            " Istio and Envoy Gateway load"
        )
    return _compile_module(data, folder or cache_folder("compiled"))


@lru_cache(maxsize=2)  # the same module is often started again and again
def _compile_module(data: bytes, folder: Path) -> CompiledModule:
    sections = read_sections(data)
    outline = _outline(data, sections)
    segments = _movable_segments(outline)
    compiled = _compiled(data if segments is None else _without_data(data, sections), folder)
    functions = iter(range(len(outline.imported_functions)))
    imported = tuple(
        _signature(outline.function_type(next(functions))) if item.kind is Kind.FUNCTION else None
        for item in outline.imports
    )
    exported = {
        item.name: _signature(outline.function_type(item.index))
        for item in outline.exports
        if item.kind is Kind.FUNCTION
    }
    return CompiledModule(compiled, segments or (), imported, exported)


def _signature(kind: FunctionType | None) -> Signature:
    assert kind is not None  # the module is valid
    return Signature(tuple(type_names(kind.parameters)), tuple(type_names(kind.results)))


def _outline(data: bytes, sections: list[Section]) -> Module:
    """Read what the module imports and exports and where its data goes, not the large rest."""
    wanted = {
        *(SectionId.TYPE, SectionId.IMPORT, SectionId.FUNCTION, SectionId.MEMORY),
        *(SectionId.EXPORT, SectionId.START),
        *(SectionId.DATA, SectionId.DATA_COUNT),
    }
    parts = [MAGIC]
    for section in sections:
        if section.id in wanted:
            size = section.end - section.start
            parts += [bytes((section.id,)), _u32(size), data[section.start : section.end]]
    return read_module(b"".join(parts))


def _u32(value: int) -> bytes:
    """Return a section's size in five bytes: any length is allowed (core specification 5.2.2)."""
    return bytes(value >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21)) + bytes((value >> 28,))


def _movable_segments(outline: Module) -> tuple[tuple[int, bytes], ...] | None:
    """Return the data segments if the module cannot tell who writes them, None otherwise.

    A start function would run before they are written; a data count section allows instructions
    that name segments.
    """
    has_count = any(section.id == SectionId.DATA_COUNT for section in outline.sections)
    exported = any((e.kind, e.index) == (Kind.MEMORY, 0) for e in outline.exports)
    if outline.start is not None or has_count or not exported or not outline.data_segments:
        return None
    segments = []
    for segment in outline.data_segments:
        if segment.memory or segment.offset is None or segment.offset.op != "i32.const":
            return None
        address = segment.offset.value & 0xFFFF_FFFF
        segments.append((address, outline.data[segment.start : segment.end]))
    return tuple(segments)


def _without_data(data: bytes, sections: list[Section]) -> bytes:
    """Return the module without its data, and without notes behind its code.

    What stands before the code stays byte for byte, so that positions in traps' backtraces are
    those of the module itself.
    """
    parts = [MAGIC]
    end = len(MAGIC)
    code_passed = False
    for section in sections:
        start, end = end, section.end
        is_note = section.id == SectionId.CUSTOM and section.name != "name"
        if section.id != SectionId.DATA and not (code_passed and is_note):
            parts.append(data[start:end])
        code_passed = code_passed or section.id == SectionId.CODE
    return b"".join(parts)


_lock = threading.Lock()
_in_memory: OrderedDict[str, wasmtime.Module] = OrderedDict()


def _compiled(code: bytes, folder: Path) -> wasmtime.Module:
    """Return the machine code of a module; two threads do not compile the same one twice."""
    key = _key(code)
    with _lock:
        module = _in_memory.pop(key, None)
        if module is None:
            module = _from_files(key, code, folder)
        _in_memory[key] = module
        if len(_in_memory) > _MAX_IN_MEMORY:
            _in_memory.popitem(last=False)
        return module


def _key(code: bytes) -> str:
    digest = hashlib.sha256(f"{version('wasmtime')} {MAX_WASM_STACK} 1\n".encode())
    digest.update(code)
    return digest.hexdigest()


def _from_files(key: str, code: bytes, folder: Path) -> wasmtime.Module:
    if len(code) < _CACHED_FROM_BYTES:
        return _compile(code)
    file = folder / f"{key}.cwasm"
    # A folder or file that is not only ours is left alone, and so is one of another wasmtime.
    with suppress(OSError, wasmtime.WasmtimeError):
        make_private_folder(folder)
        if is_private_file(file):
            module = wasmtime.Module.deserialize_file(engine(), str(file))
            os.utime(file)
            return module
    module = _compile(code)
    with suppress(OSError):
        make_private_folder(folder)
        _store(file, module.serialize())
    return module


def _compile(code: bytes) -> wasmtime.Module:
    try:
        return wasmtime.Module(engine(), code)
    except wasmtime.WasmtimeError as error:
        reason = " ".join(str(error).split())
        raise GuestModuleError(f"Failed to load Wasm bytecode: {reason}") from error


def _store(file: Path, machine_code: bytes | bytearray) -> None:
    """Write a file in one step, and drop the files that were not used for the longest time."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(machine_code)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    files = sorted(file.parent.glob("*.cwasm"), key=lambda path: path.stat().st_mtime)
    for old in files[:-_MAX_CACHED_FILES]:
        old.unlink(missing_ok=True)
