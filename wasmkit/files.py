"""Files as the whole project handles them: read within limits, written in one step, kept private.

Caches hold machine code and modules that are run as they are, so what another user of the
machine could have put there is never read.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from wasmkit.errors import InputError

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = [
    "TooLargeError",
    "cache_folder",
    "is_private_file",
    "is_private_folder",
    "make_private_folder",
    "read_bounded",
    "read_stream",
    "write_atomically",
]


class TooLargeError(InputError):
    """A file has more bytes than are read of its kind."""


def read_bounded(file: Path, limit: int, *, hint: str = "", pipes: bool = False) -> bytes:
    """Return a regular file's bytes; ``hint`` is the next step if it is not there.

    A pipe or a device, which might never end, is not opened unless ``pipes`` allows what the
    user has named. Raises ``InputError`` naming the file if it cannot be read,
    ``TooLargeError`` if it holds more than ``limit`` bytes.
    """
    try:
        if not pipes and not stat.S_ISREG(file.stat().st_mode):
            raise InputError("is not a file", file=file, hint=hint)
        with file.open("rb") as stream:
            return read_stream(stream, limit, file)
    except FileNotFoundError as error:
        raise InputError("not found", file=file, hint=hint) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", file=file) from error


def read_stream(stream: BinaryIO, limit: int, name: Path | str) -> bytes:
    """Return what a stream holds; raises ``TooLargeError`` for more than ``limit`` bytes."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
        raise TooLargeError(f"is larger than {size}", file=name)
    return data


def write_atomically(file: Path, data: bytes) -> None:
    """Write ``data`` to ``file``, making its folder if there is none.

    Raises ``InputError`` naming the file and the reason if that cannot be done.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            draft.chmod(0o644)
            draft.replace(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(
            f"writing failed: {error.strerror}", file=file, hint="choose another place with -o"
        ) from error


def cache_folder(name: str) -> Path:
    """Return where one kind of thing is cached; ``XDG_CACHE_HOME`` moves all of them."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "wasmkit" / name


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
