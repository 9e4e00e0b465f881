"""Turns a filter's source into one module that any Proxy-Wasm host can load.

``language`` is the protocol, with one subpackage for each language; ``build_project`` is the verb.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmkit.errors import BuildError, InputError
from wasmkit.files import write_atomically
from wasmkit.progress import silent
from wasmkit.project import load_project
from wasmkit.toolchain.language import LANGUAGES, Language, language_of

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.progress import Progress
    from wasmkit.project import Project
    from wasmkit.project.document import FilterDocument

__all__ = [
    "LANGUAGES",
    "BuildError",
    "BuildRequest",
    "BuildResult",
    "Language",
    "build",
    "build_project",
    "language_of",
]

_DOCUMENT = ".json"


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A project, its folder or ``wasmkit.toml``, and where its module goes.

    Without ``output`` that is ``build/NAME.wasm`` in the project. The filter document is written
    beside it, with the suffix ``.json``.
    """

    path: Path
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What was built and where it was written."""

    file: Path
    document_file: Path
    module: bytes = field(repr=False)
    document: FilterDocument = field(repr=False)
    toolchain: str
    """The language and the digest of its toolchain: same source and toolchain, same module."""


def build_project(request: BuildRequest, progress: Progress = silent) -> BuildResult:
    """Build a project and write its module and its filter document.

    Raises ``InputError`` for a project or a place that will not do, and as ``build`` does.
    """
    from wasmkit.inspection import inspect_module  # noqa: PLC0415  # loads wasmtime
    from wasmkit.project.document import FilterDocument  # noqa: PLC0415  # as above

    project = load_project(request.path)
    file = request.output or project.root / "build" / f"{project.name}.wasm"
    if file.suffix == _DOCUMENT:
        raise InputError(f"{_DOCUMENT} is the filter document's suffix", file=file)
    module = build(project, progress=progress)
    language = language_of(project)
    document = FilterDocument.of_project(project, inspect_module(module, language.code))
    document_file = file.with_suffix(_DOCUMENT)
    content = document.to_bytes()
    write_atomically(file, module)
    write_atomically(document_file, content)
    toolchain = f"{language.name} {language.cache_key}"
    return BuildResult(file, document_file, module, document, toolchain)


def build(project: Project, *, progress: Progress = silent) -> bytes:
    """Return the module of a project: the same bytes for the same source and toolchain.

    Raises ``InputError`` for an ``entry`` that its language cannot use, ``BuildError`` for source
    that cannot become a module; its ``detail`` is the author's own traceback.
    """
    language = language_of(project)
    language.check(project)
    return language.build(project, progress)
