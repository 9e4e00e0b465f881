"""Blobs in a folder, named by digest. A blob is there whole or not at all.

Bytes arrive in a temporary file of the same file system (see ``uploads``), are synced, and get
their name by ``rename``: a reader, a second writer of the same blob and a machine that loses power
see no half of one. Which repository may show a blob is said in the database, not here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit_hub.storage.digest import Digest

__all__ = ["Blobs", "sync_folder"]


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Blobs:
    """The blobs under one folder: ``sha256/ab/abcdef...``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: Digest) -> Path:
        """Return where the blob is, or would be."""
        return self._folder / digest.algorithm / digest.hex[:2] / digest.hex

    def size(self, digest: Digest) -> int | None:
        """Return the blob's length in bytes; None if there is no such blob."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, digest: Digest, *, limit: int) -> bytes | None:
        """Return a small blob; None if it is not there or longer than ``limit`` bytes."""
        try:
            with self.path(digest).open("rb") as file:
                content = file.read(limit + 1)
        except FileNotFoundError:
            return None
        return content if len(content) <= limit else None

    def adopt(self, file: Path, digest: Digest) -> None:
        """Give a synced file, known to have this digest, its place; the old name is gone after."""
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        sync_folder(target.parent)
        sync_folder(target.parent.parent)
