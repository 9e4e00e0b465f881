"""From a project or a bare file to what is published; a module that no Envoy loads stops here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.artifact.image import Publication
from wasmkit.artifact.layer import MAX_MODULE_SIZE
from wasmkit.artifact.metadata import FilterMetadata, creation_time
from wasmkit.errors import GuestModuleError, InputError
from wasmkit.inspection import Outcome, inspect_module

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.project import Project

__all__ = ["publication_of_file", "publication_of_project", "read_file"]


def publication_of_project(project: Project, module: bytes) -> Publication:
    """Describe a project's module: metadata, README and schema as the project has them.

    Raises ``GuestModuleError`` for a module that no Envoy loads, ``InputError`` for a README or
    schema that cannot be read.
    """
    abi, capabilities = _inspected(module, project.name)
    metadata = FilterMetadata(
        name=project.name,
        version=project.version,
        abi=abi,
        capabilities=capabilities,
        description=project.description,
        license=project.license,
        authors=project.authors,
        language=project.language,
        kind=project.kind,
        root_id=project.root_id,
        lowest_envoy=project.lowest_envoy,
        created=creation_time(),
    )
    readme, schema = project.readme, project.config.schema
    return Publication(
        module,
        metadata,
        readme=None if readme is None else read_file(readme),
        schema=None if schema is None else read_file(schema),
    )


def publication_of_file(file: Path, *, name: str, version: str) -> Publication:
    """Describe a bare ``.wasm`` file, of which nothing is known but what it shows itself.

    Raises as ``publication_of_project``.
    """
    module = read_file(file)
    abi, capabilities = _inspected(module, str(file))
    metadata = FilterMetadata(
        name=name, version=version, abi=abi, capabilities=capabilities, created=creation_time()
    )
    return Publication(module, metadata)


def read_file(file: Path) -> bytes:
    """Return a file's bytes; raise ``InputError`` if it cannot be read or is over 256 MiB."""
    try:
        with file.open("rb") as source:
            data = source.read(MAX_MODULE_SIZE + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=file) from error
    if len(data) > MAX_MODULE_SIZE:
        raise InputError(f"is larger than {MAX_MODULE_SIZE >> 20} MiB", file=file)
    return data


def _inspected(module: bytes, what: str) -> tuple[str, tuple[str, ...]]:
    """Return the ABI version and the capabilities: the names that the module imports."""
    inspection = inspect_module(module)
    verdicts = inspection.verdicts
    if all(verdict.outcome in (Outcome.REFUSED, Outcome.KILLS) for verdict in verdicts):
        newest = verdicts[-1]
        raise GuestModuleError(
            f"{what}: no Envoy loads it; {newest.envoy} says: {newest.problems[0].reason}",
            hint="see all of it with: wasmkit inspect FILE",
        )
    names = (name.partition(".")[2] for name in inspection.imports)
    return inspection.abi_version or "", tuple(sorted(set(names)))
