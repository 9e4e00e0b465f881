"""The image's one layer: a tar archive in gzip that holds ``plugin.wasm``.

Both ways are written out here. Writing, because the digest must come out the same every time: no
time, no owner, no name in the gzip header. Reading, because the archive comes from strangers: no
path is ever used, every size is bounded before it is read, and no reader of old tar dialects
(``tarfile`` has several) stands between the bytes and us.

Reproducible: the tar bytes, and so the image config's ``diff_ids``, are the same on every machine.
The gzip bytes are the same for the same zlib; another zlib (zlib-ng in some Linux distributions)
may compress to other bytes. ``push`` notices when only the compression differs.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from typing import TYPE_CHECKING

from wasmkit.artifact.media_types import MODULE_FILE
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_MODULE_SIZE", "compress", "module_from_layer", "module_tar"]

MAX_MODULE_SIZE = 256 << 20
"""Bytes; what Istio and Envoy Gateway accept at most."""
_BLOCK = 512
_MAX_ARCHIVE = MAX_MODULE_SIZE + (1 << 20)
_MAX_HEADER_DATA = 1 << 20
_CHUNK = 1 << 18
_MAX_MEMBERS = 1024
"""Seekable layers (estargz) have a member for each file; each costs up to ``_CHUNK`` of copying."""
_LEVEL = 6
"""Level 9 takes six times as long and saves one per cent of a Python filter's module."""
_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
"""RFC 1952 2.3: deflate, no flags, time 0, unknown system."""
_REGULAR = (b"0", b"\0", b"7")


def module_tar(module: bytes) -> bytes:
    """Return the tar archive of one file ``plugin.wasm``, mode 0644, time and owner 0 (ustar)."""
    archive = io.BytesIO()
    entry = tarfile.TarInfo(MODULE_FILE)
    entry.size = len(module)
    entry.mode = 0o644
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(entry, io.BytesIO(module))
    return archive.getvalue()


def compress(data: bytes) -> bytes:
    """Return the data in gzip with a constant header."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    return _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def module_from_layer(layer: bytes) -> bytes:
    """Return the first regular file whose base name is ``plugin.wasm``, as Envoy's meshes do.

    Raises ``RegistryError`` if there is none, or the archive is malformed or too large.
    """
    stream = _Inflated(layer)
    long_name = b""
    while True:
        header = stream.exactly(_BLOCK)
        if not header.strip(b"\0"):
            break
        name, size, kind = _parse_header(header)
        if kind in (b"x", b"L"):
            content = stream.exactly(_padded(size, _MAX_HEADER_DATA))[:size]
            long_name = _pax_path(content, long_name) if kind == b"x" else content.rstrip(b"\0")
            continue
        if kind in (b"g", b"K"):
            stream.skip(_padded(size, _MAX_HEADER_DATA))
            continue
        name, long_name = long_name or name, b""
        if name.rpartition(b"/")[2] == MODULE_FILE.encode():
            if kind not in _REGULAR:
                raise _bad(f"{MODULE_FILE} is not a regular file")
            return stream.exactly(_padded(size, MAX_MODULE_SIZE))[:size]
        # Directories, links and devices have no content, whatever their size field says.
        stream.skip(_padded(size, MAX_MODULE_SIZE) if kind in _REGULAR else 0)
    raise _bad(f"it holds no file {MODULE_FILE}")


class _Inflated:
    """Reads a gzip text forwards, never more than ``_MAX_ARCHIVE`` bytes of it."""

    def __init__(self, compressed: bytes) -> None:
        self._pieces = _inflate(memoryview(compressed))
        self._ready = memoryview(b"")
        self._total = 0

    def exactly(self, size: int) -> bytes:
        return b"".join(self._take(size))

    def skip(self, size: int) -> None:
        for _ in self._take(size):
            pass

    def _take(self, size: int) -> Iterator[memoryview]:
        while size:
            if not self._ready:
                self._ready = memoryview(next(self._pieces, b""))
                self._total += len(self._ready)
                if not self._ready:
                    raise _bad("the archive ends too early")
                if self._total > _MAX_ARCHIVE:
                    raise _bad(f"it is larger than {MAX_MODULE_SIZE >> 20} MiB unpacked")
            part, self._ready = self._ready[:size], self._ready[size:]
            size -= len(part)
            yield part


def _inflate(compressed: memoryview) -> Iterator[bytes]:
    """Yield the content of each gzip member in turn, in pieces of at most ``_CHUNK`` bytes."""
    position = 0
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not member.eof:
            source = member.unconsumed_tail or compressed[position : position + _CHUNK]
            if not member.unconsumed_tail:
                position += len(source)
            try:
                piece = member.decompress(source, _CHUNK)
            except zlib.error:
                raise _bad("it is not an intact gzip file") from None
            if piece:
                yield piece
            elif not source:
                return  # cut off: the reader of the archive finds too little
        position -= len(member.unused_data)
        if position == len(compressed):
            return
    raise _bad(f"it has more than {_MAX_MEMBERS} gzip members")


def _parse_header(header: bytes) -> tuple[bytes, int, bytes]:
    """Return name, size and type of an entry (POSIX.1-2017 pax, "ustar Interchange Format")."""
    spaced = header[:148] + b" " * 8 + header[156:]
    if _number(header[148:156]) != sum(spaced):
        raise _bad("an entry's checksum is wrong")
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name), _number(header[124:136]), header[156:157]


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU's base 256, for sizes of more than 8 GiB
        return int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        raise _bad("an entry's number is malformed") from None


def _padded(size: int, most: int) -> int:
    if not 0 <= size <= most:
        raise _bad(f"an entry of {size} bytes is too large")
    return -(-size // _BLOCK) * _BLOCK


def _pax_path(records: bytes, otherwise: bytes) -> bytes:
    """Return ``path`` of a pax header's records ``<length> <key>=<value>``, if it is set."""
    position = 0
    while position < len(records):
        digits, space, _ = records[position : position + 8].partition(b" ")
        if not space or not digits.isdigit() or int(digits) <= len(digits) + 1:
            raise _bad("a pax record is malformed")
        record = records[position + len(digits) + 1 : position + int(digits) - 1]
        key, _, value = record.partition(b"=")
        if key == b"path":
            otherwise = value
        elif key == b"size" or key.startswith(b"GNU.sparse."):
            raise _bad(f"pax records {key[:20]!r} are not taken here")
        position += int(digits)
    return otherwise


def _bad(why: str) -> RegistryError:
    return RegistryError(
        f"reading the image's layer: {why}", hint="push the filter again with wasmkit push"
    )
