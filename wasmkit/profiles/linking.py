"""Whether a module's imports and exports link, and a host's own words where they do not.

The rules and texts are those of proxy-wasm-cpp-host (``src/wasm.cc``, ``src/v8/v8.cc``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.abi.constants import ABI_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wasmkit.profiles.model import Profile

__all__ = [
    "NO_ABI_VERSION",
    "NO_MALLOC",
    "Signature",
    "abi_version_of",
    "export_faults",
    "import_fault",
    "missing_import",
]

NO_ABI_VERSION = "Missing or unknown Proxy-Wasm ABI version"
NO_MALLOC = "Wasm module is missing malloc function."

_VERSIONS = {f"proxy_abi_version_{version.replace('.', '_')}": version for version in ABI_VERSIONS}


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's type: the names of its parameters' and results' types."""

    parameters: tuple[str, ...]
    results: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' '.join(self.parameters) or 'void'} -> {' '.join(self.results) or 'void'}"


def abi_version_of(functions: Iterable[str]) -> str | None:
    """Return the version that the first exported function of such a name tells."""
    return next((_VERSIONS[name] for name in functions if name in _VERSIONS), None)


def missing_import(module: str, name: str) -> str:
    """Return the reason for which an unknown import is refused."""
    return f"Failed to load Wasm module due to a missing import: {module}.{name}"


def import_fault(
    profile: Profile, abi_version: str, module: str, name: str, found: Signature
) -> str:
    """Return why an imported function does not link, an empty text if it does."""
    row = profile.function(abi_version, module, name)
    if row is None:
        return missing_import(module, name)
    host = Signature(tuple(row.parameter_types), tuple(row.result_types))
    if found == host:
        return ""
    return (
        "Failed to load Wasm module due to an import type mismatch:"
        f" {module}.{name}, want: {found}, but host exports: {host}"
    )


def export_faults(
    profile: Profile, abi_version: str, exported: Mapping[str, Signature]
) -> Iterator[str]:
    """Give the reasons for which a module's exported functions are refused, in a host's order."""
    looked_up = profile.exports(abi_version, exported)
    if not exported.keys() & {"malloc", "proxy_on_memory_allocate"}:
        yield NO_MALLOC
    for row in looked_up:
        want = Signature(tuple(row.parameter_types(abi_version)), tuple(row.result_types))
        found = exported.get(row.name, want)
        if found != want:
            yield (
                f"Bad function signature for: {row.name}, want: {want},"
                f" but the module exports: {found}"
            )
