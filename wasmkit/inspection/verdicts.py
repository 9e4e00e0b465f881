"""Whether an Envoy loads a module, refuses it, or dies of it.

The steps are those of proxy-wasm-cpp-host (``src/wasm.cc``, ``src/v8/v8.cc``), in its order, and
the first problem decides, as in Envoy; the others would show once the first is mended. Reasons
begin with Envoy's own words where it has any. What only running the module would tell (a trap
while it starts, its opinion of its configuration) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from wasmkit.profiles.linking import (
    NO_ABI_VERSION,
    Signature,
    export_faults,
    import_fault,
    missing_import,
)
from wasmkit.wasm.calls import certain_run, possible_calls
from wasmkit.wasm.features import type_name, type_names
from wasmkit.wasm.module import Kind, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.profiles import Profile
    from wasmkit.wasm.features import FeatureScan
    from wasmkit.wasm.module import FunctionType, Import, Module

__all__ = ["Facts", "Outcome", "Problem", "Verdict", "judge"]

_PAGE = 65_536

_NOT_PARSED = "Failed to parse corrupted Wasm module"
_NOT_COMPILED = "Failed to load Wasm bytecode"
_NOT_LINKED = "Failed to initialize Wasm code"
_NO_INSTANCE = "Failed to create new Wasm instance"


class Outcome(StrEnum):
    """What comes of a module in an Envoy."""

    LOADS = "loads"
    REFUSED = "refused"
    KILLS = "kills"
    """The whole Envoy process dies, and with it every other filter's traffic."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a module does not load."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one Envoy release (``1.38``) does with a module; no problems if it loads it."""

    envoy: str
    outcome: Outcome
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Facts:
    """What has been found out about a module before it is judged.

    ``names_error``: why its name section cannot be read; ``invalid``: why it is not valid
    WebAssembly. Each is empty if there is nothing to say or it cannot be checked.
    """

    module: Module
    abi_version: str | None
    scan: FeatureScan
    names_error: str
    invalid: str

    @cached_property
    def misplaced(self) -> tuple[Problem, ...]:
        """The segments that lie outside of what they are written into, in every host alike."""
        return tuple(dict.fromkeys(_segments(self.module)))

    @cached_property
    def deadly_imports(self) -> tuple[Problem, ...]:
        """The imports of whose types every Envoy dies."""
        return tuple(_imported_types(self.module))

    @cached_property
    def deadly_exports(self) -> tuple[Problem, ...]:
        """The exports of whose types every Envoy dies."""
        return tuple(_exported_types(self.module))

    @cached_property
    def exported(self) -> dict[str, int]:
        """The exported functions' indices."""
        items = self.module.exports
        return {item.name: item.index for item in items if item.kind is Kind.FUNCTION}

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """The exported functions' types."""
        kinds = ((name, self.module.function_type(index)) for name, index in self.exported.items())
        return {name: _signature(kind) for name, kind in kinds if kind is not None}


def judge(facts: Facts, profile: Profile) -> Verdict:
    """Return what a host does with the module."""
    problems = tuple(dict.fromkeys(_problems(profile, facts)))
    return Verdict(profile.release, problems[0].outcome if problems else Outcome.LOADS, problems)


def _problems(profile: Profile, facts: Facts) -> Iterator[Problem]:
    module, abi_version = facts.module, facts.abi_version
    if abi_version is None:
        yield _refused(NO_ABI_VERSION)
    if facts.names_error:
        yield _refused(f"{_NOT_PARSED} (its name section: {facts.names_error})")
    yield from _bytecode(profile, facts)
    yield from facts.deadly_imports
    if abi_version is not None:
        yield from _imports(profile, abi_version, module)
    yield from _instance(profile, facts)
    yield from facts.deadly_exports
    if abi_version is not None:
        yield from map(_refused, export_faults(profile, abi_version, facts.signatures))
        yield from _start_up(profile, facts)


def _refused(reason: str) -> Problem:
    return Problem(Outcome.REFUSED, reason)


def _kills(reason: str) -> Problem:
    return Problem(Outcome.KILLS, reason)


# -- compiling ----------------------------------------------------------------------------------


def _bytecode(profile: Profile, facts: Facts) -> Iterator[Problem]:
    if facts.invalid:
        yield _refused(f"{_NOT_COMPILED} ({facts.invalid})")
    elif facts.scan.unread:
        yield Problem(Outcome.UNKNOWN, f"not all of its code can be read: {facts.scan.unread}")
    tables = [item.type for item in facts.module.imported(Kind.TABLE)]
    tables += [item.limits for item in facts.module.tables]
    for limits in tables:
        assert isinstance(limits, Limits)
        most = profile.limits.table_entries
        if limits.minimum > most:
            yield _refused(
                f"{_NOT_COMPILED} (a table of {limits.minimum:,} entries; V8 gives {most:,})"
            )


# -- types that V8's embedding interface cannot express -----------------------------------------


_EXPRESSIBLE = frozenset({"i32", "i64", "f32", "f64", "funcref", "externref"})
_EXPRESSIBLE_BYTES = b"\x7f\x7e\x7d\x7c\x70\x6f"
"""The same as bytes, of which nearly every type consists; a module may export a million."""


def _inexpressible(kind: FunctionType | None) -> str:
    if kind is None or not (kind.parameters + kind.results).strip(_EXPRESSIBLE_BYTES):
        return ""
    names = type_names(kind.parameters) + type_names(kind.results)
    return next((name for name in names if name not in _EXPRESSIBLE), "")


def _death(what: str, name: str) -> Problem:
    return _kills(f"Envoy dies of the type of {what}: {name}")


def _imported_types(module: Module) -> Iterator[Problem]:
    for item in module.imports:
        what = f"the import {item.module}.{item.name}"
        name = ""
        if item.kind is Kind.FUNCTION:
            name = _inexpressible(_import_type(module, item))
        elif item.kind is Kind.GLOBAL:
            assert isinstance(item.type, tuple)
            name = type_name(item.type[0])
        elif item.kind is Kind.TABLE:
            name = type_name(item.element)
        elif item.kind is Kind.TAG:
            name = "an exception tag"
        if name and name not in _EXPRESSIBLE:
            yield _death(what, name)


def _exported_types(module: Module) -> Iterator[Problem]:
    globals_ = [item.type for item in module.imported(Kind.GLOBAL)]
    types = [item[0] for item in globals_ if isinstance(item, tuple)]
    types += [item.type for item in module.globals]
    tables = [item.element for item in module.imported(Kind.TABLE)]
    tables += [item.type for item in module.tables]
    for item in module.exports:
        name = ""
        if item.kind is Kind.FUNCTION:
            name = _inexpressible(module.function_type(item.index))
        elif item.kind is Kind.GLOBAL and item.index < len(types):
            name = type_name(types[item.index])
        elif item.kind is Kind.TABLE and item.index < len(tables):
            name = type_name(tables[item.index])
        elif item.kind is Kind.TAG:
            name = "an exception tag"
        if name and name not in _EXPRESSIBLE:
            yield _death(f"the export {item.name}", name)


# -- linking ------------------------------------------------------------------------------------


def _import_type(module: Module, item: Import) -> FunctionType | None:
    assert isinstance(item.type, int)
    return module.types[item.type] if item.type < len(module.types) else None


@lru_cache(maxsize=1024)
def _signature(kind: FunctionType) -> Signature:
    return Signature(tuple(type_names(kind.parameters)), tuple(type_names(kind.results)))


def _imports(profile: Profile, abi_version: str, module: Module) -> Iterator[Problem]:
    for item in module.imports:
        if item.kind is Kind.FUNCTION:
            kind = _import_type(module, item)
            if kind is None:
                continue
            fault = import_fault(profile, abi_version, item.module, item.name, _signature(kind))
            if fault:
                yield _refused(fault)
            elif not kind.plain:
                name = f"{item.module}.{item.name}"
                yield _refused(f"{_NO_INSTANCE} (the type of {name} is part of a group of types)")
        elif item.kind is Kind.GLOBAL:
            yield _refused(missing_import(item.module, item.name))
        elif item.kind is Kind.MEMORY:
            assert isinstance(item.type, Limits)
            if item.type.minimum > profile.limits.memory_pages:
                yield _refused(f"{_NOT_LINKED} ({_too_much(profile, item.type.minimum)})")


def _too_much(profile: Profile, pages: int) -> str:
    most = profile.limits.memory_pages
    return f"it begins with {pages:,} pages of memory; Envoy gives at most {most:,}"


# -- instantiation ------------------------------------------------------------------------------


def _instance(profile: Profile, facts: Facts) -> Iterator[Problem]:
    module = facts.module
    for kind in (Kind.MEMORY, Kind.TABLE):
        if len(module.imported(kind)) > 1:
            # Its host keeps one of each kind and frees the first while that is still in use.
            yield _kills(
                f"Envoy uses freed memory for a module that imports two {kind.name.lower()}s;"
                f" if it survives, it says: {_NO_INSTANCE}"
            )
    for limits in module.memories:
        if limits.minimum > profile.limits.memory_pages:
            yield _refused(f"{_NO_INSTANCE} ({_too_much(profile, limits.minimum)})")
    yield from facts.misplaced
    if module.start is not None:
        yield from _start_function(profile, module, module.start)


def _segments(module: Module) -> Iterator[Problem]:
    """Find segments that certainly lie outside of what they are written into."""
    memories = [item.type for item in module.imported(Kind.MEMORY)] + [*module.memories]
    for segment in module.data_segments:
        if segment.offset is None or segment.memory >= len(memories):
            continue
        limits = memories[segment.memory]
        assert isinstance(limits, Limits)
        start = _address(segment.offset.op, segment.offset.value)
        if start is not None and start + segment.end - segment.start > limits.minimum * _PAGE:
            yield _refused(f"{_NO_INSTANCE} (a data segment lies outside of its memory)")
    tables = [item.type for item in module.imported(Kind.TABLE)]
    tables += [item.limits for item in module.tables]
    for element in module.elements:
        if element.offset is None or element.table >= len(tables):
            continue
        size = tables[element.table]
        assert isinstance(size, Limits)
        start = _address(element.offset.op, element.offset.value)
        if start is not None and start + len(element.functions) > size.minimum:
            yield _refused(f"{_NO_INSTANCE} (an element segment lies outside of its table)")


def _address(op: str, value: int) -> int | None:
    """Return a segment's offset, which is unsigned, if it stands in the module as a constant."""
    if op == "i32.const":
        return value & 0xFFFF_FFFF
    return value & 0xFFFF_FFFF_FFFF_FFFF if op == "i64.const" else None


def _start_function(profile: Profile, module: Module, start: int) -> Iterator[Problem]:
    harmless = profile.in_start_section
    run = certain_run(module, start)
    deadly = [item for item in run.imports if item.name not in harmless]
    if deadly:
        yield _kills(
            "Envoy dies when the module's start section runs: it calls"
            f" {deadly[0].module}.{deadly[0].name}"
        )
        return
    if run.traps:
        yield _refused(f"{_NO_INSTANCE} (its start section traps)")
        return
    possible = possible_calls(module, start)
    names = [f"{item.module}.{item.name}" for item in possible.imports if item.name not in harmless]
    if possible.unknown and module.imported_functions:
        names.append("functions by reference")
    if names:
        yield Problem(
            Outcome.UNKNOWN,
            f"its start section may call {', '.join(names)}: if it does call a host function,"
            " Envoy dies",
        )


# -- exports and start --------------------------------------------------------------------------


def _start_up(profile: Profile, facts: Facts) -> Iterator[Problem]:
    """Follow what Envoy calls first, under the rules for that time."""
    for name in profile.starters(facts.exported):
        run = certain_run(facts.module, facts.exported[name])
        refused = [item for item in run.imports if item.name not in profile.at_start]
        if refused:
            yield _refused(
                f"Function: {name} failed: Uncaught Error: restricted_callback"
                f" ({refused[0].module}.{refused[0].name} must not be called before"
                " proxy_on_vm_start)"
            )
        elif run.traps:
            yield _refused(f"Function: {name} failed: Uncaught RuntimeError: unreachable")
