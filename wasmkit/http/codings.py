"""Content codings (RFC 9110 8.4) that are undone and applied here: gzip and deflate."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.http.message import Message, Pair

__all__ = ["MAX_DECODED", "content_codings", "decoded_body", "encode"]

MAX_DECODED = 64 * 1024 * 1024
"""A body that is larger when decoded is taken as it is."""
_WBITS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
_EITHER = 47  # senders mix gzip and deflate up
_GZIP_MAGIC = b"\x1f\x8b"


def content_codings(headers: Iterable[Pair]) -> tuple[bytes, ...]:
    """Return the codings in the order in which they were applied, without ``identity``."""
    return tuple(
        coding
        for name, value in headers
        if name == b"content-encoding"
        for part in value.split(b",")
        if (coding := part.strip().lower()) not in (b"", b"identity")
    )


def decoded_body(message: Message) -> bytes:
    """Return the body without its codings; as it is if one of them cannot be undone."""
    plain = message.body
    for coding in reversed(content_codings(message.headers)):
        if coding not in _WBITS or not plain:
            return message.body
        decompressor = zlib.decompressobj(_EITHER)
        try:
            plain = decompressor.decompress(plain, MAX_DECODED)
        except zlib.error:
            return message.body
        if not decompressor.eof:
            return message.body
    return plain


def encode(data: bytes, codings: Iterable[bytes]) -> bytes | None:
    """Return a body with the codings applied, None if one of them cannot be.

    An empty body stays empty, and what is gzip already is not compressed by it again: some
    recorders keep what they got.
    """
    for coding in codings if data else ():
        wbits = _WBITS.get(coding)
        if wbits is None:
            return None
        if wbits != _WBITS[b"gzip"] or not data.startswith(_GZIP_MAGIC):
            compressor = zlib.compressobj(wbits=wbits)
            data = compressor.compress(data) + compressor.flush()
    return data
