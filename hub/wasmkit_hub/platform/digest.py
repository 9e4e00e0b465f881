"""Digests as OCI writes them (image-spec 1.1, descriptor.md#digests)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.errors import InputError

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Digest"]

_HEX_LENGTH = {"sha256": 64, "sha512": 128}
_LOWER_HEX = re.compile(r"[0-9a-f]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Digest:
    """A checked digest: algorithm ``sha256`` or ``sha512`` and lower-case hex of its length."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``algorithm:hex``; raises InputError on anything else."""
        algorithm, _, value = text.partition(":")
        if len(value) != _HEX_LENGTH.get(algorithm) or not _LOWER_HEX.fullmatch(value):
            raise InputError(
                f"{text[:150]!r} is not a digest", hint="write sha256: and 64 lower-case hex digits"
            )
        return cls(algorithm, value)

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> Digest:
        """Return the digest of bytes in memory."""
        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    def hasher(self) -> _Hash:
        """Return a new hash object of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
