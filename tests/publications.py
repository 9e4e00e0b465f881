"""Publications as tests need them: a module, its document, and facts about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmkit.artifact.image import Publication
from wasmkit.inspection import inspect_module
from wasmkit.project import FilterFacts
from wasmkit.project.document import Configuration, FilterDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["publication_of"]


def publication_of(
    module: bytes,
    name: str = "hello",
    version: str = "0.1.0",
    *,
    readme: bytes | None = None,
    schema: bytes | None = None,
    imports: Sequence[str] | None = None,
    **facts: Any,
) -> Publication:
    """Return what is pushed; ``imports`` stand for the module's, ``facts`` are the filter's."""
    inspection = inspect_module(module)
    if imports is not None:
        inspection = replace(inspection, imports=tuple(imports))
    described = FilterFacts(name=name, version=version, **facts)
    document = FilterDocument(described, inspection, Configuration())
    return Publication(module, document, readme=readme, schema=schema)
