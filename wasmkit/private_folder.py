"""Folders and files that nobody but this user can have written.

Caches hold machine code and modules that are run as they are, so what another user of the
machine could have put there is never read.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_private_file", "is_private_folder", "make_private_folder"]


def make_private_folder(folder: Path) -> None:
    """Make the folder with mode 0700.

    Raises ``OSError`` if it cannot be made, or if one is there that others may write into or
    that this user cannot write into.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private_folder(folder) or not os.access(folder, os.W_OK):
        raise PermissionError(folder)


def is_private_folder(folder: Path) -> bool:
    """Say whether the path is a folder (no link) that belongs to this user alone."""
    return _is_private(folder, stat.S_IFDIR)


def is_private_file(file: Path) -> bool:
    """Say whether the path is a file (no link) that belongs to this user alone."""
    return _is_private(file, stat.S_IFREG)


def _is_private(path: Path, kind: int) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    own = found.st_uid == os.getuid() and not found.st_mode & 0o022
    return own and stat.S_IFMT(found.st_mode) == kind
