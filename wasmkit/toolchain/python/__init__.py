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

from wasmkit.progress import Step
from wasmkit.toolchain.python.entry import check_entry

if TYPE_CHECKING:
    from wasmkit.progress import Progress
    from wasmkit.project import Project
    from wasmkit.toolchain.python.build import CompiledImage
    from wasmkit.wasm.features import CodeScan

__all__ = ["Python"]

_lock = Lock()
_loaded: list[CompiledImage] = []


class Python:
    """Python as a language of filters; see ``wasmkit.toolchain.language.Language``."""

    name = "python"

    @property
    def cache_key(self) -> str:
        """The interpreter image's: the SDK, the linker and componentize-py are in it."""
        from wasmkit.toolchain.python.cache import image_key  # noqa: PLC0415  # loads wasmtime

        return image_key()

    @property
    def code(self) -> CodeScan | None:
        """That of the interpreter, unless a filter can do without the code that uses a feature."""
        return _loaded[0].code if _loaded else None

    def check(self, project: Project) -> None:
        """Raise ``InputError`` unless ``entry`` is ``module:Class`` of a module below ``src``."""
        check_entry(project)

    def build(self, project: Project, progress: Progress) -> bytes:
        """Import the filter into the interpreter image and return what results as a module."""
        from wasmkit.toolchain.python.build import CompiledImage, build_module  # noqa: PLC0415  # as below
        from wasmkit.toolchain.python.cache import load_image  # noqa: PLC0415  # loads wasmtime

        with _lock:
            if not _loaded:
                image = load_image(progress)
                progress(Step("loading the interpreter image"))
                _loaded.append(CompiledImage(image))
        return build_module(_loaded[0], project)
