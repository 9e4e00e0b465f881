"""The toolchain for filters written in Python.

Source becomes a module in four steps, of which three are done once:

1. ``image``: componentize-py pre-initialises CPython; ``component`` reads what it made,
2. ``linker`` makes one core module of that and of the glue (``glue.wat``),
3. the SDK is imported into it, and the result is kept (``cache``): the interpreter image;
4. ``build`` imports a filter into the image and writes the ``snapshot``.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from wasmkit.toolchain.python.build import CompiledImage, build_module
from wasmkit.toolchain.python.cache import load_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.project import Project

__all__ = ["build"]


_lock = Lock()
_loaded: list[CompiledImage] = []


def build(project: Project, *, progress: Callable[[str], None]) -> bytes:
    """Return the module of a Python project; see ``wasmkit.toolchain.build``."""
    with _lock:
        if not _loaded:
            image = load_image(progress)
            progress("loading the interpreter image")
            _loaded.append(CompiledImage(image))
    return build_module(_loaded[0], project)
