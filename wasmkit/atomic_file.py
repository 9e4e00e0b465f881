"""Writes a file in one step: whoever reads it finds the old content or the new, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from wasmkit.errors import InputError

__all__ = ["write_atomically"]


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
