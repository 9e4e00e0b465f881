"""The verb: what the module in a file is, and whether a given Envoy would load it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmkit.inspection.files import read_module_file
from wasmkit.inspection.report import inspect_module
from wasmkit.inspection.verdicts import Outcome
from wasmkit.profiles import release_of
from wasmkit.progress import Progress, silent
from wasmkit.records import to_json

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.inspection.report import Inspection
    from wasmkit.inspection.verdicts import Verdict

__all__ = ["InspectRequest", "InspectResult", "inspect_file"]


@dataclass(frozen=True, slots=True)
class InspectRequest:
    """A ``.wasm`` file, ``-`` for standard input; judged for one Envoy (``1.38``) or for all."""

    file: Path
    envoy: str | None = None


@dataclass(frozen=True, slots=True)
class InspectResult:
    """What the module is; ``verdicts`` are those that were asked for."""

    inspection: Inspection
    verdicts: tuple[Verdict, ...]
    passed: bool
    """False if one Envoy was asked for and would not load it."""

    def to_json(self) -> dict[str, Any]:
        """Return the module's part of a filter document, with the verdicts asked for."""
        return {**to_json(self.inspection), "verdicts": to_json(self.verdicts)}


def inspect_file(request: InspectRequest, progress: Progress = silent) -> InspectResult:
    """Read and inspect a file; nothing is run.

    Raises ``InputError`` for an Envoy that is not known or a file that cannot be read,
    ``GuestModuleError`` if it holds no module.
    """
    del progress  # it takes less than a second
    release = None if request.envoy is None else release_of(request.envoy)
    inspection = inspect_module(read_module_file(request.file))
    verdicts = tuple(each for each in inspection.verdicts if release in (None, each.envoy))
    loads = all(each.outcome is Outcome.LOADS for each in verdicts)
    return InspectResult(inspection, verdicts, passed=release is None or loads)
