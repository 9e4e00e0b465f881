"""What a language's toolchain does, the same for each: check a project, build it, name itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wasmkit.toolchain.python import Python

if TYPE_CHECKING:
    from wasmkit.progress import Progress
    from wasmkit.project import Project
    from wasmkit.wasm.features import CodeScan

__all__ = ["LANGUAGES", "Language", "language_of"]


class Language(Protocol):
    """Turns a project's source into a module."""

    @property
    def name(self) -> str:
        """What ``language`` in ``wasmkit.toml`` calls it."""
        ...

    @property
    def cache_key(self) -> str:
        """What decides on a module beside its project: equal source and key, equal bytes."""
        ...

    @property
    def code(self) -> CodeScan | None:
        """What ``scan_code`` says of each module it has built; None if that must be looked up."""
        ...

    def check(self, project: Project) -> None:
        """Raise ``InputError`` unless ``entry`` names something that the source can hold.

        Quick: nothing is compiled or run.
        """
        ...

    def build(self, project: Project, progress: Progress) -> bytes:
        """Return the module of a project that has been checked; raises ``BuildError``.

        The error's ``detail`` is the author's own traceback or log where the author's code failed.
        """
        ...


LANGUAGES: tuple[Language, ...] = (Python(),)
"""Those that ``language`` in ``wasmkit.toml`` can name."""


def language_of(project: Project) -> Language:
    """Return the toolchain of a project's language."""
    return next(each for each in LANGUAGES if each.name == project.language)
