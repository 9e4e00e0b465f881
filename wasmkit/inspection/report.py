"""Everything that is told of a module, collected."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wasmkit.errors import GuestModuleError
from wasmkit.inspection.capabilities import Capability, capabilities_of
from wasmkit.inspection.validity import bytecode_error
from wasmkit.inspection.verdicts import Facts, Outcome, Problem, Verdict, judge
from wasmkit.profiles import ENVOYS, envoy_profile
from wasmkit.profiles.linking import abi_version_of
from wasmkit.wasm.features import scan_features
from wasmkit.wasm.module import (
    Kind,
    Limits,
    Module,
    SectionId,
    name_section_error,
    read_module,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmkit.wasm.features import CodeScan

__all__ = ["PAGE", "Inspection", "Memory", "Table", "inspect_module"]

PAGE = 65_536
"""Bytes of a memory's page."""

_CANNOT_BE_VALIDATED = "legacy-exceptions"


@dataclass(frozen=True, slots=True)
class Memory:
    """A module's first memory, in pages of 64 KiB; ``maximum`` is None if none is declared."""

    pages: int
    maximum: int | None
    imported: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A module's first table, in entries."""

    entries: int
    maximum: int | None
    imported: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a module is; sizes are in bytes.

    ``imports`` are ``module.name`` in the module's order, ``exports`` and ``custom_sections``
    names in its order; ``functions`` counts those with a body; ``features`` are named as
    wasm-tools names them; ``unread`` says what could not be read, else it is empty.
    """

    size: int
    sha256: str
    abi_version: str | None = None
    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    memory: Memory | None = None
    table: Table | None = None
    functions: int = 0
    code_size: int = 0
    data_size: int = 0
    start_section: bool = False
    custom_sections: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    unread: str = ""
    verdicts: tuple[Verdict, ...] = ()

    def verdict(self, envoy: str) -> Verdict:
        """Return the verdict of an Envoy in ``ENVOYS``; ``KeyError`` for another."""
        return {verdict.envoy: verdict for verdict in self.verdicts}[envoy]


def inspect_module(data: bytes, code: CodeScan | None = None) -> Inspection:
    """Inspect a core module without running it.

    Raises ``GuestModuleError`` for data that is not a core module, or a broken one. A module that
    is valid but beyond this reader is not refused: its verdicts are ``unknown`` and say why.
    ``code`` is what ``scan_code`` says of it, if a toolchain knows that of all its modules.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        module = read_module(data)
    except GuestModuleError as error:
        if bytecode_error(data):
            raise
        unknown = (Problem(Outcome.UNKNOWN, str(error)),)
        verdicts = tuple(Verdict(envoy, Outcome.UNKNOWN, unknown) for envoy in ENVOYS)
        return Inspection(len(data), digest, unread=str(error), verdicts=verdicts)
    return _inspected(module, digest, code)


def _inspected(module: Module, digest: str, code: CodeScan | None) -> Inspection:
    with ThreadPoolExecutor(1) as beside:  # wasmtime needs no Python: on two cores it costs nothing
        try:
            validity: Callable[[], str] = beside.submit(bytecode_error, module.data).result
        except RuntimeError:  # a sandbox, such as the hub's, may allow no other thread
            validity = partial(bytecode_error, module.data)
        scan = scan_features(module, code)
    invalid = "" if _CANNOT_BE_VALIDATED in scan.names else validity()
    functions = [item for item in module.imports if item.kind is Kind.FUNCTION]
    callbacks = [item.name for item in module.exports if item.kind is Kind.FUNCTION]
    abi_version = abi_version_of(callbacks)
    sizes = {item.id: item.end - item.start for item in module.sections}
    memory = _first(module, Kind.MEMORY, module.memories)
    table = _first(module, Kind.TABLE, [item.limits for item in module.tables])
    facts = Facts(module, abi_version, scan, name_section_error(module), invalid)
    return Inspection(
        size=len(module.data),
        sha256=digest,
        abi_version=abi_version,
        imports=tuple(f"{item.module}.{item.name}" for item in module.imports),
        exports=tuple(item.name for item in module.exports),
        capabilities=tuple(capabilities_of([item.name for item in functions], callbacks)),
        memory=None if memory is None else Memory(*memory),
        table=None if table is None else Table(*table),
        functions=len(module.bodies),
        code_size=sizes.get(SectionId.CODE, 0),
        data_size=sum(item.end - item.start for item in module.data_segments),
        start_section=module.start is not None,
        custom_sections=tuple(s.name for s in module.sections if s.id == SectionId.CUSTOM),
        features=scan.names,
        unread=scan.unread,
        verdicts=tuple(judge(facts, envoy_profile(release)) for release in ENVOYS),
    )


def _first(
    module: Module, kind: Kind, defined: Iterable[Limits]
) -> tuple[int, int | None, bool] | None:
    for item in module.imported(kind):
        assert isinstance(item.type, Limits)
        return item.type.minimum, item.type.maximum, True
    for limits in defined:
        return limits.minimum, limits.maximum, False
    return None
