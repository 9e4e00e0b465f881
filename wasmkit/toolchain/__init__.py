"""Turns a filter's source into one module that any Proxy-Wasm host can load.

One subpackage or module for each language, all with the same function ``build``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.project import Project

__all__ = ["BuildError", "build"]


def _silent(_step: str) -> None:
    """Tell nobody."""


def build(project: Project, *, progress: Callable[[str], None] | None = None) -> bytes:
    """Return the module of a project: the same bytes for the same source and interpreter image.

    ``progress`` is told the steps that take over a second, in a few words. Raises ``BuildError``;
    its ``detail`` is the author's own traceback where the author's code failed.
    """
    from wasmkit.toolchain import python  # noqa: PLC0415  # wasmtime takes time to import

    return python.build(project, progress=progress or _silent)
