"""From a project or a bare file to what is published; what an Envoy does not load stops here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.artifact.annotations import creation_time
from wasmkit.artifact.image import Publication
from wasmkit.artifact.layer import MAX_MODULE_SIZE
from wasmkit.errors import GuestModuleError
from wasmkit.files import read_bounded
from wasmkit.inspection import inspect_module, reasons_against
from wasmkit.inspection.files import read_module_file
from wasmkit.project import FilterFacts
from wasmkit.project.document import FilterDocument

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.project import Project

__all__ = ["publication_of_file", "publication_of_project"]


def publication_of_project(project: Project, module: bytes) -> Publication:
    """Describe a project's module: its document, README and schema as the project has them.

    Raises ``GuestModuleError`` for a module that no Envoy loads, or not every Envoy that the
    project claims; ``InputError`` for a README or schema that cannot be read.
    """
    document = FilterDocument.of_project(project, inspect_module(module))
    _check_promise(document, project.name)
    readme, schema = project.readme, project.config.schema
    return Publication(
        module,
        document,
        readme=None if readme is None else read_bounded(readme, MAX_MODULE_SIZE),
        schema=None if schema is None else read_bounded(schema, MAX_MODULE_SIZE),
        created=creation_time(),
    )


def publication_of_file(file: Path, *, name: str, version: str) -> Publication:
    """Describe a bare ``.wasm`` file, of which nothing is known but what it shows itself.

    Raises as ``publication_of_project``.
    """
    module = read_module_file(file)
    document = FilterDocument(FilterFacts(name=name, version=version), inspect_module(module))
    _check_promise(document, str(file))
    return Publication(module, document, created=creation_time())


def _check_promise(document: FilterDocument, what: str) -> None:
    lowest = document.filter.lowest_envoy
    reasons = reasons_against(document.module.verdicts, lowest)
    if reasons:
        raise GuestModuleError(
            f"{what}: {'; '.join(reasons)}",
            hint=f"it is said to run on Envoy {lowest} and later: see lowest_envoy in wasmkit.toml"
            if lowest
            else "see all of it with: wasmkit inspect FILE",
        )
