"""In the child: from an image's layer to what its module is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmkit.artifact.descriptor import Descriptor
from wasmkit.artifact.shapes import unpack_module
from wasmkit.errors import GuestModuleError, RegistryError
from wasmkit.inspection import Inspection, inspect_module

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["prepare", "run"]

_SMALLEST = b"\0asm\1\0\0\0"
_CORE_MODULE = _SMALLEST
_MOST_NAMES = 2000
_LONGEST_NAME = 200
_LONGEST_REASON = 500


def prepare() -> None:
    """Load the inspector and the engine that it asks (see ``confined.Task``)."""
    inspect_module(_SMALLEST)


def run(options: dict[str, str], parts: Sequence[bytes]) -> dict[str, Any]:
    """Unpack and inspect one layer.

    ``options``: the layer's ``media_type``. Returns ``module``, or ``absent``: why no module is
    in it, or ``broken``: why what is in it is not a module that any Envoy could load.
    """
    layer = Descriptor(options["media_type"], "", len(parts[0]))
    try:
        module = unpack_module(layer, parts[0])
    except RegistryError as exc:
        return {"absent": str(exc)}
    if not module.startswith(_CORE_MODULE):
        return {"broken": "what it holds is not a core WebAssembly module, which Envoy needs"}
    try:
        inspection = inspect_module(module)
    except GuestModuleError as exc:
        return {"broken": f"its module is broken: {exc}"[:_LONGEST_REASON]}
    return {"module": _facts(inspection)}


def _names(names: Sequence[str]) -> list[str]:
    return [name[:_LONGEST_NAME] for name in names[:_MOST_NAMES]]


def _facts(found: Inspection) -> dict[str, Any]:
    """Return what is kept of an inspection; lists are cut, what was counted is counted whole."""
    memory, table = found.memory, found.table
    return {
        "sha256": found.sha256,
        "size": found.size,
        "abi_version": found.abi_version,
        "imports": _names(found.imports),
        "exports": _names(found.exports),
        "memory": None if memory is None else _limits(memory.pages, memory.maximum),
        "table": None if table is None else _limits(table.entries, table.maximum),
        "features": _names(found.features),
        "capabilities": [
            {
                "text": each.text,
                "functions": _names(each.functions),
                "reaches_out": each.reaches_out,
            }
            for each in found.capabilities
        ],
        "verdicts": [
            {
                "envoy": verdict.envoy,
                "outcome": str(verdict.outcome),
                "problems": [
                    {"outcome": str(problem.outcome), "reason": problem.reason[:_LONGEST_REASON]}
                    for problem in verdict.problems[:5]
                ],
            }
            for verdict in found.verdicts
        ],
    }


def _limits(minimum: int, maximum: int | None) -> dict[str, int | None]:
    return {"minimum": minimum, "maximum": maximum}
