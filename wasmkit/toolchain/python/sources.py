"""Finds the source of a module that the interpreter image asks for by name.

The standard library is that of the image's Python, in a zip; a project's own folder and the
packages installed beside wasmkit are looked through as Python's path importer would, for pure
Python only.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wasmkit.errors import BuildError, InputError
from wasmkit.files import read_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ModuleSources", "Source"]

_LIBRARY_PREFIX = "python3.14/"
_NATIVE_SUFFIXES = (".so", ".pyd", ".dylib")
_SOURCE_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A module's source: ``kind`` is ``library``, ``site``, ``author`` or ``native``."""

    kind: str
    file: str
    package: bool
    text: bytes

    def encoded(self) -> bytes:
        """Return the source as ``guest/bootstrap.py`` reads it."""
        return b"\n".join(
            (self.kind.encode(), self.file.encode(), b"1" if self.package else b"0", self.text)
        )


class ModuleSources:
    """Looks a module up as Python does: the author's, the standard library's, installed ones.

    ``folders`` are (kind, folder), in order; those of the kind ``site`` come after the standard
    library. The kind ``wasmkit`` stands for this package and gives only what may run inside a
    filter.
    """

    def __init__(self, library: bytes, folders: Sequence[tuple[str, Path]]) -> None:
        self._library = zipfile.ZipFile(io.BytesIO(library))
        self._names = frozenset(self._library.namelist())
        self._own = [folder for kind, folder in folders if kind == "wasmkit"]
        self._before = [item for item in folders if item[0] not in ("site", "wasmkit")]
        self._behind = [item for item in folders if item[0] == "site"]

    def find(self, name: str) -> Source | None:
        """Return the source of the module of that dotted name, None if there is none.

        Raises ``BuildError`` if a file that should hold it cannot be read.
        """
        # What is not a name could lead out of the folders, or not be a path at all.
        if not all(part.replace("-", "_").isidentifier() for part in name.split(".")):
            return None
        path = name.replace(".", "/")
        if path.partition("/")[0] == "wasmkit":
            return self._in_wasmkit(path)
        return (
            _in_folders(self._before, path)
            or self._in_library(path)
            or _in_folders(self._behind, path)
            or _namespace(self._before + self._behind, path)
        )

    def _in_wasmkit(self, path: str) -> Source | None:
        """Return a module of this package, which counts as the library's; the package is empty."""
        for folder in self._own:
            if path == "wasmkit":
                return Source("library", "wasmkit/__init__.py", package=True, text=b"")
            if path.startswith(_INSIDE):
                return _pure("library", folder, path)
        return None

    def _in_library(self, path: str) -> Source | None:
        for file, package in ((f"{path}/__init__.py", True), (f"{path}.py", False)):
            if file in self._names:
                return Source("library", _LIBRARY_PREFIX + file, package, self._library.read(file))
        return None


_INSIDE = ("wasmkit/abi", "wasmkit/sdk")


def _in_folders(folders: Sequence[tuple[str, Path]], path: str) -> Source | None:
    for kind, folder in folders:
        found = _pure(kind, folder, path) or _native(folder, path)
        if found is not None:
            return found
    return None


def _pure(kind: str, folder: Path, path: str) -> Source | None:
    for file, package in ((folder / path / "__init__.py", True), (folder / f"{path}.py", False)):
        if _is(file, Path.is_file):
            return Source(kind, _shown(kind, folder, file), package, _read(file))
    return None


def _native(folder: Path, path: str) -> Source | None:
    place = folder / path
    if _is(place.parent, Path.is_dir):
        for file in sorted(place.parent.glob(f"{place.name}.*")):
            if file.name.endswith(_NATIVE_SUFFIXES):
                return Source("native", file.name, package=False, text=b"")
    return None


def _namespace(folders: Sequence[tuple[str, Path]], path: str) -> Source | None:
    """Return an empty package for a folder without ``__init__.py``, which no module comes before.

    Its modules are looked up by their full names in all folders, so its portions are one.
    """
    for kind, folder in folders:
        if _is(folder / path, Path.is_dir):
            return Source(kind, _shown(kind, folder, folder / path), package=True, text=b"")
    return None


def _is(path: Path, test: Callable[[Path], bool]) -> bool:
    """Ask about a path; what cannot be asked about, such as a name too long, is not there."""
    try:
        return test(path)
    except OSError:
        return False


def _shown(kind: str, folder: Path, file: Path) -> str:
    """Return a file's name as tracebacks show it: never with a path of the building machine."""
    inner = file.relative_to(folder).as_posix()
    return f"src/{inner}" if kind == "author" else inner


def _read(file: Path) -> bytes:
    try:
        return read_bounded(file, _SOURCE_LIMIT)
    except InputError as error:
        raise BuildError(str(error)) from error
