"""Content by its digest: the objects of a hub, and a folder that keeps them.

An object is there whole or not at all. Which repository may show one is said in the database.
No caller learns where an object lies, so that a store which is not a folder can stand here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, Protocol

from starlette.responses import FileResponse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.responses import Response

    from wasmkit_hub.platform.digest import Digest

__all__ = ["FolderObjects", "Objects", "read_object"]


class Objects(Protocol):
    """What the hub asks of a store. Every method may be called from any thread and process."""

    def adopt(self, file: Path, digest: Digest) -> None:
        """Keep a synced local file, known to have this digest, and take its name away.

        Once kept, an object stays as it is.
        """
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """Open an object for reading; raises FileNotFoundError if there is none."""
        ...

    def size(self, digest: Digest) -> int | None:
        """Return an object's length in bytes; None if there is none."""
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

    Bytes arrive in a file of the same file system, are synced, and get their name by
    ``rename``: a reader, a second writer and a machine that loses power see no half of one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
