"""What ``entry`` in ``wasmkit.toml`` means for Python: ``module:Class`` below ``src/``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmkit.project.json_schema import find_fault

if TYPE_CHECKING:
    from wasmkit.project import Project

__all__ = ["check_entry"]

_FIELD = ("filter", "entry")
_SCHEMA = {
    "description": 'module:Class below src/, as "filter:Hello" for class Hello in src/filter.py',
    "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$(?!\n)",
}


def check_entry(project: Project) -> None:
    """Raise ``InputError``, with the line in ``wasmkit.toml``, unless the module's file exists."""
    fault = find_fault(_SCHEMA, project.entry)
    if fault is not None:
        raise project.file.error(replace(fault, path=_FIELD))
    module = "src/" + project.entry.partition(":")[0].replace(".", "/")
    package = (project.root / module).is_dir()
    project.file.inside(f"{module}/__init__.py" if package else f"{module}.py", _FIELD)
