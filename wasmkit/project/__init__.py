"""A filter project: its ``wasmkit.toml``, its templates."""

from __future__ import annotations

from wasmkit.project.project import (
    PROJECT_FILE,
    SIZE_LIMIT,
    ConfigSection,
    Project,
    configuration_fault,
    load_project,
    project_schema,
)

__all__ = [
    "PROJECT_FILE",
    "SIZE_LIMIT",
    "ConfigSection",
    "Project",
    "configuration_fault",
    "load_project",
    "project_schema",
]
