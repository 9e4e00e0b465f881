"""The whole of a hub's data under one folder, opened and checked once."""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.errors import InputError
from wasmkit_hub.platform.database import Database
from wasmkit_hub.platform.objects import FolderObjects, Objects

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit_hub.platform.settings import Settings

__all__ = ["Data", "is_full", "open_data"]


@dataclass(frozen=True, slots=True)
class Data:
    """Where everything is kept; safe to share between threads and processes."""

    objects: Objects
    database: Database
    uploads: Path
    """A folder on the same file system as the objects, for what is still on its way."""


def open_data(settings: Settings) -> Data:
    """Open the data folder, making it (mode 0700) if there is none.

    Raises InputError if it cannot be made, written or read.
    """
    data = settings.data
    blobs, uploads = data / "blobs", data / "uploads"
    try:
        _make_private(data)
        for folder in (blobs, uploads):
            folder.mkdir(exist_ok=True)
            # Making a folder that exists succeeds on a read-only file system; making a file fails.
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as exc:
        raise InputError(
            f"the data folder cannot be used: {exc.strerror or exc}",
            file=data,
            hint="name a folder that this user may write, with --data",
        ) from exc
    return Data(FolderObjects(blobs), Database(data / "hub.sqlite"), uploads)


def is_full(error: OSError) -> bool:
    """Say whether an error means that no room is left on the disk, or for this user."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _make_private(data: Path) -> None:
    data.parent.mkdir(parents=True, exist_ok=True)
    try:
        data.mkdir(mode=0o700)
    except FileExistsError:
        if not data.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
