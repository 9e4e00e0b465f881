"""Measuring the module inside an image, so that the catalogue need not believe the annotation.

The layer is read as a stream: neither its size nor what it unpacks to is trusted. Only the shape
that ``wasmkit push`` makes is read, a tar with the one plain file ``plugin.wasm`` first, so no tar
library has to face headers from strangers.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.artifact.media_types import MODULE_FILE
from wasmkit_hub.manifest import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Module", "measure_module"]

_BLOCK = 512
_READ = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say: a gzip header must come first


@dataclass(frozen=True, slots=True)
class Module:
    """A module's own identity: lower-case hex of its SHA-256, and its bytes."""

    sha256: str
    size: int


def _unpacked(layer: Path) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    with layer.open("rb") as file:
        while not unpacker.eof and (block := file.read(_READ)):
            while block:
                yield unpacker.decompress(block, _READ)
                block = unpacker.unconsumed_tail


def _size_of_file(header: bytes) -> int:
    """Read a ustar header (POSIX pax, "ustar Interchange Format") of the module's file."""
    name = header[:100].rstrip(b"\0").decode("ascii", "replace").removeprefix("./")
    if name != MODULE_FILE or header[156:157] not in (b"0", b"\0"):
        raise ManifestError(f"its layer does not begin with the file {MODULE_FILE}")
    try:
        size = int(header[124:136].strip(b" \0"), 8)
    except ValueError:
        size = -1
    if size < 0:
        raise ManifestError("the size in its layer's tar header is not a number")
    return size


def measure_module(layer: Path, *, limit: int) -> Module:
    """Unpack an image's layer on the fly and return what its module is.

    Raises ManifestError if the layer is not gzip, does not begin with the module, ends early, or
    holds a module longer than ``limit`` bytes.
    """
    chunks = _unpacked(layer)
    try:
        start = b""
        while len(start) < _BLOCK:
            start += next(chunks)
        size = _size_of_file(start[:_BLOCK])
        if size > limit:
            raise ManifestError(f"its module has {size} bytes, this hub takes {limit}")
        digest, left, chunk = hashlib.sha256(), size, start[_BLOCK:]
        while True:
            digest.update(chunk[:left])
            left -= len(chunk[:left])
            if not left:
                return Module(digest.hexdigest(), size)
            chunk = next(chunks)
    except zlib.error as exc:
        raise ManifestError(f"its layer is not gzip: {exc}") from exc
    except StopIteration:
        raise ManifestError("its layer ends before its module does") from None
