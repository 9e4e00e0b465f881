"""What a module is, what it asks for, and which Envoy would load it, told without running it.

``inspect_file`` is the verb.
"""

from __future__ import annotations

from wasmkit.inspection.capabilities import Capability, capabilities_of
from wasmkit.inspection.inspect import InspectRequest, InspectResult, inspect_file
from wasmkit.inspection.promise import reasons_against, supported
from wasmkit.inspection.report import Inspection, Memory, Table, inspect_module
from wasmkit.inspection.verdicts import Outcome, Problem, Verdict

__all__ = [
    "Capability",
    "InspectRequest",
    "InspectResult",
    "Inspection",
    "Memory",
    "Outcome",
    "Problem",
    "Table",
    "Verdict",
    "capabilities_of",
    "inspect_file",
    "inspect_module",
    "reasons_against",
    "supported",
]
