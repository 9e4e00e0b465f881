"""Finds the source of a module that the interpreter image asks for by name.

The standard library is that of the image's Python, in a zip; a project's own folder and the
packages installed beside wasmkit are looked through as Python's path importer would, for pure
Python only.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
    """Looks a module up in folders, in order, then in the standard library.

    ``folders`` are (kind, folder); the kind ``wasmkit`` stands for this package and gives only
    what may run inside a filter.
    """

    def __init__(self, library: bytes, folders: Sequence[tuple[str, Path]]) -> None:
        self._library = zipfile.ZipFile(io.BytesIO(library))
        self._names = frozenset(self._library.namelist())
        self._folders = folders

    def find(self, name: str) -> Source | None:
        """Return the source of the module of that dotted name, None if there is none.

        Raises ``BuildError`` if a file that should hold it cannot be read.
        """
        path = name.replace(".", "/")
        for kind, folder in self._folders:
            if (found := _in_folder(kind, folder, path)) is not None:
                return found
        for file, package in ((f"{path}/__init__.py", True), (f"{path}.py", False)):
            if file in self._names:
                return Source("library", _LIBRARY_PREFIX + file, package, self._library.read(file))
        return None


_INSIDE = ("wasmkit/__init__", "wasmkit/abi", "wasmkit/sdk")


def _in_folder(kind: str, folder: Path, path: str) -> Source | None:
    if kind == "wasmkit":
        if path == "wasmkit":
            return Source("library", "wasmkit/__init__.py", package=True, text=b"")
        if not path.startswith(_INSIDE):
            return None
        kind = "library"
    elif path.partition("/")[0] == "wasmkit":
        return None
    for file, package in ((folder / path / "__init__.py", True), (folder / f"{path}.py", False)):
        if file.is_file():
            return Source(kind, _shown(kind, folder, file), package, _read(file))
    parent = (folder / path).parent
    last = path.rpartition("/")[2]
    if parent.is_dir():
        for file in sorted(parent.glob(f"{last}.*")):
            if file.name.endswith(_NATIVE_SUFFIXES):
                return Source("native", file.name, package=False, text=b"")
    if (folder / path).is_dir() and kind != "library":
        return Source(kind, _shown(kind, folder, folder / path), package=True, text=b"")
    return None


def _shown(kind: str, folder: Path, file: Path) -> str:
    """Return a file's name as tracebacks show it: never with a path of the building machine."""
    inner = file.relative_to(folder).as_posix()
    return f"src/{inner}" if kind == "author" else inner


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _SOURCE_LIMIT:
            raise BuildError(f"{file} is larger than {_SOURCE_LIMIT >> 20} MiB")
        return file.read_bytes()
    except OSError as error:
        raise BuildError(f"reading {file}: {error.strerror}") from error
