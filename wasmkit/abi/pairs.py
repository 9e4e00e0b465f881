"""The ABI's list of pairs, as header maps cross the boundary.

Little endian: u32 count; count times (u32 key length, u32 value length); then every key and
value, each followed by one NUL. An empty map is empty bytes on its way to the guest. Envoy's
limits are those of proxy-wasm-cpp-host ``include/proxy-wasm/limits.h``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_PAIRS", "MAX_PAIRS_BYTES", "decode_pairs", "encode_pairs"]

MAX_PAIRS = 1024
MAX_PAIRS_BYTES = 1024 * 1024


def encode_pairs(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the pairs in wire form; no pairs give a count of zero, four bytes."""
    items = list(pairs)
    sizes = [struct.pack("<I", len(items))]
    data = []
    for key, value in items:
        sizes.append(struct.pack("<II", len(key), len(value)))
        data.append(key + b"\0" + value + b"\0")
    return b"".join(sizes + data)


def decode_pairs(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the pairs of a wire form, in order.

    Raises ``ValueError`` when the lengths, the NULs or the total do not fit; a host then treats
    the map as empty. Envoy's limits are the host's to enforce.
    """
    if not data:
        return []
    if len(data) < 4:
        raise ValueError("pairs: shorter than their count")
    (count,) = struct.unpack_from("<I", data)
    position = 4 + 8 * count
    if position > len(data):
        raise ValueError(f"pairs: {count} pairs do not fit into {len(data)} bytes")
    lengths = struct.unpack_from(f"<{2 * count}I", data, 4)
    strings = []
    for length in lengths:
        end = position + length
        if end >= len(data) or data[end]:
            raise ValueError("pairs: a string is cut short or has no NUL behind it")
        strings.append(data[position:end])
        position = end + 1
    if position != len(data):
        raise ValueError(f"pairs: {len(data) - position} bytes left over")
    return list(zip(strings[::2], strings[1::2], strict=True))
