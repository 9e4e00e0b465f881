"""Uploads under way: one file each, appended to until its digest is known and matches.

The file is all the state there is: its name says the repository, its length how far the upload
has come, its modification time when the last byte arrived. So an upload goes on after the server
was killed, and two servers on one folder can serve it in turns; ``flock`` keeps them from writing
at one time, and goes away with the process that held it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import time
from contextlib import contextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING

from wasmkit.errors import RegistryError
from wasmkit_hub.platform.data import is_full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import _Hash
    from pathlib import Path

    from wasmkit_hub.platform.digest import Digest
    from wasmkit_hub.platform.objects import Objects
    from wasmkit_hub.platform.settings import Settings

__all__ = ["Upload", "UploadError", "UploadProblem", "Uploads"]

_IDENTIFIER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_READ = 1024 * 1024


class UploadProblem(Enum):
    """Why an upload cannot go on."""

    UNKNOWN = "no such upload"
    BUSY = "another request is writing to this upload"
    TOO_MANY = "too many uploads are under way"
    TOO_LARGE = "the blob is larger than this hub takes"
    DIGEST_DIFFERS = "the bytes do not have the digest that was announced"


class UploadError(RegistryError):
    """An upload cannot go on; ``problem`` says why."""

    def __init__(self, problem: UploadProblem, detail: str = "") -> None:
        super().__init__(problem.value + (f": {detail}" if detail else ""))
        self.problem = problem


class Upload:
    """One upload, open for writing by this request alone."""

    def __init__(self, path: Path, descriptor: int, objects: Objects, limit: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._objects = objects
        self._limit = limit
        self._digest: Digest | None = None
        self._hash: _Hash | None = None
        self.size = os.fstat(descriptor).st_size

    def expect(self, digest: Digest) -> None:
        """Say which digest the whole blob has; hashes what is there, then each write as it comes.

        Call it before the last bytes are written, once.
        """
        self._digest = digest
        self._hash = digest.hasher()
        position = 0
        while block := os.pread(self._descriptor, _READ, position):
            self._hash.update(block)
            position += len(block)

    def write(self, data: bytes) -> None:
        """Append.

        Raises UploadError (TOO_LARGE) or OSError (no room is left); either throws the upload away.
        """
        if self.size + len(data) > self._limit:
            self.discard()
            raise UploadError(UploadProblem.TOO_LARGE, f"over {self._limit} bytes")
        view = memoryview(data)
        with self._discarded_if_full():
            while view:
                written = os.pwrite(self._descriptor, view, self.size)
                self.size += written
                view = view[written:]
        if self._hash is not None:
            self._hash.update(data)

    def cut(self, size: int) -> None:
        """Forget everything after the first ``size`` bytes."""
        os.ftruncate(self._descriptor, size)
        self.size = size

    def commit(self) -> int:
        """Turn the upload into a blob and return its length.

        Raises UploadError (DIGEST_DIFFERS) if the bytes are not those of ``expect``; the upload
        is thrown away then, since no further byte could make it right.
        """
        if self._digest is None or self._hash is None:
            raise ValueError("expect() comes before commit()")
        if self._hash.hexdigest() != self._digest.hex:
            self.discard()
            raise UploadError(UploadProblem.DIGEST_DIFFERS, str(self._digest))
        with self._discarded_if_full():
            os.fsync(self._descriptor)
            self._objects.adopt(self._path, self._digest)
        return self.size

    def discard(self) -> None:
        """Throw the upload away."""
        self._path.unlink(missing_ok=True)

    @contextmanager
    def _discarded_if_full(self) -> Iterator[None]:
        """Make room again if there is none: half of a blob is of no use to anybody."""
        try:
            yield
        except OSError as exc:
            if is_full(exc):
                self.discard()
            raise


class Uploads:
    """All uploads of one hub."""

    def __init__(self, folder: Path, objects: Objects, settings: Settings) -> None:
        self._folder = folder
        self._objects = objects
        self._settings = settings

    def start(self, repository: str) -> str:
        """Begin an upload and return its identifier; raises UploadError (TOO_MANY)."""
        if self._sweep() >= self._settings.upload_limit:
            raise UploadError(UploadProblem.TOO_MANY, f"limit {self._settings.upload_limit}")
        identifier = secrets.token_hex(16)
        self._path(repository, identifier).touch(mode=0o600, exist_ok=False)
        return identifier

    def size(self, repository: str, identifier: str) -> int:
        """Return how many bytes have arrived; raises UploadError (UNKNOWN)."""
        try:
            return self._path(repository, identifier).stat().st_size
        except FileNotFoundError:
            raise UploadError(UploadProblem.UNKNOWN) from None

    @contextmanager
    def open(self, repository: str, identifier: str) -> Iterator[Upload]:
        """Open for writing, for one holder at a time; raises UploadError (UNKNOWN or BUSY)."""
        path = self._path(repository, identifier)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise UploadError(UploadProblem.UNKNOWN) from None
        try:
            if not _lock(descriptor):
                raise UploadError(UploadProblem.BUSY)
            if not _is_still(path, descriptor):
                # It became a blob between our open and our lock: its bytes are not ours to touch.
                raise UploadError(UploadProblem.UNKNOWN)
            yield Upload(path, descriptor, self._objects, self._settings.blob_limit)
        finally:
            os.close(descriptor)

    def discard(self, repository: str, identifier: str) -> None:
        """Throw an upload away; nothing happens if there is none."""
        self._path(repository, identifier).unlink(missing_ok=True)

    def _path(self, repository: str, identifier: str) -> Path:
        if not _IDENTIFIER.fullmatch(identifier):
            raise UploadError(UploadProblem.UNKNOWN)
        # An upload belongs to its repository, whose name may hold "/": hence the hash.
        owner = hashlib.sha256(repository.encode()).hexdigest()[:32]
        return self._folder / f"{owner}-{identifier}"

    def _sweep(self) -> int:
        """Throw away what has expired, and count what is left."""
        left = 0
        oldest = time.time() - self._settings.upload_expiry
        for entry in self._folder.iterdir():
            try:
                if entry.stat().st_mtime >= oldest or not _remove_unlocked(entry):
                    left += 1
            except FileNotFoundError:
                continue  # finished meanwhile
        return left


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _remove_unlocked(path: Path) -> bool:
    """Remove an upload's file unless a request is writing to it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if _lock(descriptor):
            path.unlink()
            return True
        return False
    finally:
        os.close(descriptor)
