"""Content by its digest: the objects of a hub, and a folder that keeps them.

An object is there whole or not at all. Which repository may show one is said in the database.
No caller learns where an object lies, so that a store which is not a folder can stand here.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from starlette.responses import FileResponse

from wasmkit.errors import InputError
from wasmkit_hub.platform.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.responses import Response

__all__ = ["FolderObjects", "Objects", "read_object"]


class Objects(Protocol):
    """What the hub asks of a store. Every method may be called from any thread and process."""

    def put(self, digest: Digest, content: bytes) -> None:
        """Keep bytes that are known to have this digest; once kept they stay as they are."""
        ...

    def adopt(self, file: Path, digest: Digest) -> None:
        """Keep a synced local file, known to have this digest, and take its name away."""
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """Open an object for reading; raises FileNotFoundError if there is none."""
        ...

    def size(self, digest: Digest) -> int | None:
        """Return an object's length in bytes; None if there is none."""
        ...

    def delete(self, digest: Digest) -> None:
        """Let an object go; who has it open reads on. Nothing happens if there is none."""
        ...

    def iterate(self) -> Iterator[Digest]:
        """Give each object's digest, in no order; those that come or go meanwhile may be missed."""
        ...

    def send(self, digest: Digest, *, media_type: str, headers: Mapping[str, str]) -> Response:
        """Answer a GET or HEAD with an object, or the Range of it that is asked for."""
        ...


def read_object(objects: Objects, digest: Digest, *, limit: int) -> bytes | None:
    """Return a small object; None if it is not there or longer than ``limit`` bytes."""
    try:
        with objects.open(digest) as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        return None
    return content if len(content) <= limit else None


class FolderObjects:
    """Objects as files under one folder: ``sha256/ab/abcdef...``.

    Bytes arrive in a temporary file of the same file system, are synced, and get their name by
    ``rename``: a reader, a second writer and a machine that loses power see no half of one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, digest: Digest, content: bytes) -> None:
        """Keep bytes (see ``Objects``)."""
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            self.adopt(Path(name), digest)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def adopt(self, file: Path, digest: Digest) -> None:
        """Keep a synced file (see ``Objects``)."""
        target = self._path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        _sync_folder(target.parent)
        _sync_folder(target.parent.parent)

    def open(self, digest: Digest) -> BinaryIO:
        """Open an object (see ``Objects``)."""
        return self._path(digest).open("rb")

    def size(self, digest: Digest) -> int | None:
        """Return an object's length (see ``Objects``)."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, digest: Digest) -> None:
        """Let an object go (see ``Objects``)."""
        self._path(digest).unlink(missing_ok=True)

    def iterate(self) -> Iterator[Digest]:
        """Give each object's digest (see ``Objects``)."""
        for file in self._folder.glob("*/*/*"):
            with suppress(InputError):
                yield Digest.parse(f"{file.parent.parent.name}:{file.name}")

    def send(self, digest: Digest, *, media_type: str, headers: Mapping[str, str]) -> Response:
        """Answer with an object (see ``Objects``)."""
        return FileResponse(self._path(digest), media_type=media_type, headers=headers)

    def _path(self, digest: Digest) -> Path:
        return self._folder / digest.algorithm / digest.hex[:2] / digest.hex


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
