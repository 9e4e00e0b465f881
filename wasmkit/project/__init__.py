"""A filter project: its ``wasmkit.toml``, its templates, the filter document.

``new_project`` is the verb.
"""

from __future__ import annotations

from wasmkit.project.project import (
    PROJECT_FILE,
    SIZE_LIMIT,
    ConfigSection,
    FilterFacts,
    Project,
    ProjectFile,
    configuration_fault,
    is_project,
    load_project,
    project_schema,
)
from wasmkit.project.templates import NewRequest, NewResult, new_project

__all__ = [
    "PROJECT_FILE",
    "SIZE_LIMIT",
    "ConfigSection",
    "FilterFacts",
    "NewRequest",
    "NewResult",
    "Project",
    "ProjectFile",
    "configuration_fault",
    "is_project",
    "load_project",
    "new_project",
    "project_schema",
]
