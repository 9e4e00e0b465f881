"""Whether an Envoy loads a module, refuses it, or dies of it.

The steps are those of proxy-wasm-cpp-host (``src/wasm.cc``, ``src/v8/v8.cc``), in its order, and
the first problem decides, as in Envoy; the others would show once the first is mended. Reasons
begin with Envoy's own words where it has any. What only running the module would tell (a trap
while it starts, its opinion of its configuration) is no part of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from wasmkit.inspection.hosts import (
    ENVOYS,
    HARMLESS_IN_START_FUNCTION,
    allowed_at_start,
    export_signatures,
    host_signature,
)
from wasmkit.wasm.calls import certain_run, possible_calls
from wasmkit.wasm.features import value_types
from wasmkit.wasm.module import Kind, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.wasm.features import FeatureScan
    from wasmkit.wasm.module import FunctionType, Import, Module

__all__ = ["Facts", "Outcome", "Problem", "Verdict", "judge"]

MAX_PAGES = 16_384
"""What Envoy's V8 is built to give a module: 1 GiB (``--wasm_max_mem_pages``)."""

MAX_TABLE = 10_000_000
_PAGE = 65_536

_NOT_PARSED = "Failed to parse corrupted Wasm module"
_NOT_COMPILED = "Failed to load Wasm bytecode"
_NOT_LINKED = "Failed to initialize Wasm code"
_NO_INSTANCE = "Failed to create new Wasm instance"
_MISSING_IMPORT = "Failed to load Wasm module due to a missing import"
_MISMATCH = "Failed to load Wasm module due to an import type mismatch"


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


@dataclass(frozen=True, slots=True)
class Facts:
    """What has been found out about a module before it is judged.

    ``names_error``: why its name section cannot be read; ``invalid``: why it is no valid
    WebAssembly. Each is empty if there is nothing to say or it cannot be checked.
    """

    module: Module
    abi_version: str | None
    scan: FeatureScan
    names_error: str
    invalid: str


def judge(facts: Facts) -> tuple[Verdict, ...]:
    """Return the verdict of each Envoy in ``ENVOYS``."""
    return tuple(_verdict(envoy, facts) for envoy in ENVOYS)


def _verdict(envoy: str, facts: Facts) -> Verdict:
    problems = tuple(dict.fromkeys(_problems(envoy, facts)))
    return Verdict(envoy, problems[0].outcome if problems else Outcome.LOADS, problems)


def _problems(envoy: str, facts: Facts) -> Iterator[Problem]:
    module, abi_version = facts.module, facts.abi_version
    if abi_version is None:
        yield _refused("Missing or unknown Proxy-Wasm ABI version")
    if facts.names_error:
        yield _refused(f"{_NOT_PARSED} (its name section: {facts.names_error})")
    yield from _bytecode(facts)
    yield from _imported_types(module)
    if abi_version is not None:
        yield from _imports(envoy, abi_version, module)
    yield from _instance(module)
    yield from _exported_types(module)
    if abi_version is not None:
        yield from _exports(envoy, abi_version, module)
        yield from _start_up(envoy, module)


def _refused(reason: str) -> Problem:
    return Problem(Outcome.REFUSED, reason)


def _kills(reason: str) -> Problem:
    return Problem(Outcome.KILLS, reason)


# -- compiling ----------------------------------------------------------------------------------


def _bytecode(facts: Facts) -> Iterator[Problem]:
    if facts.invalid:
        yield _refused(f"{_NOT_COMPILED} ({facts.invalid})")
    elif facts.scan.unread:
        yield Problem(Outcome.UNKNOWN, f"not all of its code can be read: {facts.scan.unread}")
    tables = [item.type for item in facts.module.imported(Kind.TABLE)]
    tables += [item.limits for item in facts.module.tables]
    for limits in tables:
        assert isinstance(limits, Limits)
        if limits.minimum > MAX_TABLE:
            yield _refused(
                f"{_NOT_COMPILED} (a table of {limits.minimum:,} entries; V8 gives {MAX_TABLE:,})"
            )


# -- types that V8's embedding interface cannot express -----------------------------------------


_NAMES = {
    b"\x7f": "i32",
    b"\x7e": "i64",
    b"\x7d": "f32",
    b"\x7c": "f64",
    b"\x70": "funcref",
    b"\x6f": "externref",
    b"\x7b": "v128",
    b"\x69": "exnref",
}
_EXPRESSIBLE = frozenset({"i32", "i64", "f32", "f64", "funcref", "externref"})


def _type_name(item: bytes) -> str:
    """Name a value type as Envoy does: a reference's nullability is not told."""
    if item[0] in (0x63, 0x64):
        item = item[1:]
    return _NAMES.get(item, "a typed reference")


def _type_names(types: bytes) -> list[str]:
    return [_type_name(item) for item in value_types(types)]


def _inexpressible(kind: FunctionType | None) -> str:
    if kind is None:
        return ""
    names = _type_names(kind.parameters) + _type_names(kind.results)
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
            name = _type_name(item.type[0])
        elif item.kind is Kind.TABLE:
            name = _type_name(item.element)
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
            name = _type_name(types[item.index])
        elif item.kind is Kind.TABLE and item.index < len(tables):
            name = _type_name(tables[item.index])
        elif item.kind is Kind.TAG:
            name = "an exception tag"
        if name and name not in _EXPRESSIBLE:
            yield _death(f"the export {item.name}", name)


# -- linking ------------------------------------------------------------------------------------


def _import_type(module: Module, item: Import) -> FunctionType | None:
    assert isinstance(item.type, int)
    return module.types[item.type] if item.type < len(module.types) else None


def _imports(envoy: str, abi_version: str, module: Module) -> Iterator[Problem]:
    for item in module.imports:
        name = f"{item.module}.{item.name}"
        if item.kind is Kind.FUNCTION:
            signature = host_signature(envoy, abi_version, item.module, item.name)
            kind = _import_type(module, item)
            if signature is None:
                yield _refused(f"{_MISSING_IMPORT}: {name}")
            elif kind is not None:
                yield from _compared(name, kind, signature)
        elif item.kind is Kind.GLOBAL:
            yield _refused(f"{_MISSING_IMPORT}: {name}")
        elif item.kind is Kind.MEMORY:
            assert isinstance(item.type, Limits)
            if item.type.minimum > MAX_PAGES:
                yield _refused(f"{_NOT_LINKED} ({_too_much(item.type.minimum)})")


def _compared(name: str, kind: FunctionType, signature: str) -> Iterator[Problem]:
    host_results = [] if signature.endswith("!") else ["i32"]
    host = [{"i": "i32", "I": "i64"}[letter] for letter in signature.removesuffix("!")]
    wanted = _signature(_type_names(kind.parameters), _type_names(kind.results))
    offered = _signature(host, host_results)
    if wanted != offered:
        yield _refused(f"{_MISMATCH}: {name}, want: {wanted}, but host exports: {offered}")
    elif not kind.plain:
        yield _refused(f"{_NO_INSTANCE} (the type of {name} is part of a group of types)")


def _signature(parameters: list[str], results: list[str]) -> str:
    return f"{' '.join(parameters) or 'void'} -> {' '.join(results) or 'void'}"


def _too_much(pages: int) -> str:
    return f"it begins with {pages:,} pages of memory; Envoy gives at most {MAX_PAGES:,}"


# -- instantiation ------------------------------------------------------------------------------


def _instance(module: Module) -> Iterator[Problem]:
    for kind in (Kind.MEMORY, Kind.TABLE):
        if len(module.imported(kind)) > 1:
            # Its host keeps one of each kind and frees the first while that is still in use.
            yield _kills(
                f"Envoy uses freed memory for a module that imports two {kind.name.lower()}s;"
                f" if it survives, it says: {_NO_INSTANCE}"
            )
    for limits in module.memories:
        if limits.minimum > MAX_PAGES:
            yield _refused(f"{_NO_INSTANCE} ({_too_much(limits.minimum)})")
    yield from _segments(module)
    if module.start is not None:
        yield from _start_function(module, module.start)


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


def _start_function(module: Module, start: int) -> Iterator[Problem]:
    run = certain_run(module, start)
    deadly = [item for item in run.imports if item.name not in HARMLESS_IN_START_FUNCTION]
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
    names = [
        f"{item.module}.{item.name}"
        for item in possible.imports
        if item.name not in HARMLESS_IN_START_FUNCTION
    ]
    if possible.unknown and module.imported_functions:
        names.append("functions by reference")
    if names:
        yield Problem(
            Outcome.UNKNOWN,
            f"its start section may call {', '.join(names)}: if it does call a host function,"
            " Envoy dies",
        )


# -- exports and start --------------------------------------------------------------------------


def _exports(envoy: str, abi_version: str, module: Module) -> Iterator[Problem]:
    exported = {item.name: item.index for item in module.exports if item.kind is Kind.FUNCTION}
    wanted = export_signatures(envoy, abi_version, frozenset(exported))
    if not exported.keys() & {"malloc", "proxy_on_memory_allocate"}:
        yield _refused("Wasm module is missing malloc function.")
    for name, (parameters, results) in wanted.items():
        kind = module.function_type(exported[name]) if name in exported else None
        if kind is None:
            continue
        want = _signature(["i32"] * parameters, ["i32"] * results)
        found = _signature(_type_names(kind.parameters), _type_names(kind.results))
        if want != found:
            yield _refused(
                f"Bad function signature for: {name}, want: {want}, but the module exports: {found}"
            )


def _start_up(envoy: str, module: Module) -> Iterator[Problem]:
    """Follow what Envoy calls first, under the rules for that time."""
    exported = {item.name: item.index for item in module.exports if item.kind is Kind.FUNCTION}
    names = ["_initialize", "main"] if "_initialize" in exported else ["_start"]
    allowed = allowed_at_start(envoy)
    for name in names:
        if name not in exported:
            continue
        run = certain_run(module, exported[name])
        refused = [item for item in run.imports if item.name not in allowed]
        if refused:
            yield _refused(
                f"Function: {name} failed: Uncaught Error: restricted_callback"
                f" ({refused[0].module}.{refused[0].name} must not be called before"
                " proxy_on_vm_start)"
            )
        elif run.traps:
            yield _refused(f"Function: {name} failed: Uncaught RuntimeError: unreachable")
