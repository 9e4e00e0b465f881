"""A header map as Envoy keeps one: an ordered list with a few peculiarities that filters see.

Measured on Envoy 1.40: names are lower-cased; pseudo headers stay in front; ``replace`` removes
every value and puts the new one at the end; headers that Envoy keeps in fields of its own (its
"inline" headers) hold one value, to which a further one is joined; in a request ``host`` is
another name for ``:authority``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.http.message import Pair

__all__ = ["HeaderMap"]


class HeaderMap:
    """The headers or trailers of one message; values are bytes and are not checked, as in Envoy.

    ``joined`` are the names whose values are joined by a comma (``cookie`` by ``; ``);
    ``is_request`` makes ``host`` mean ``:authority``.
    """

    __slots__ = ("_is_request", "_joined", "pairs")

    def __init__(
        self,
        pairs: Iterable[Pair] = (),
        *,
        joined: frozenset[bytes] = frozenset(),
        is_request: bool = False,
    ) -> None:
        self._joined = joined
        self._is_request = is_request
        self.pairs: list[Pair] = []
        """The entries in order; read them, change them by the methods."""
        for name, value in pairs:
            self.add(name, value)

    def _key(self, name: bytes) -> bytes:
        key = name.lower()
        return b":authority" if self._is_request and key == b"host" else key

    def get(self, name: bytes) -> bytes | None:
        """Return the first value, None if there is none."""
        key = self._key(name)
        for entry, value in self.pairs:
            if entry == key:
                return value
        return None

    def get_all(self, name: bytes) -> list[bytes]:
        """Return every value, in order."""
        key = self._key(name)
        return [value for entry, value in self.pairs if entry == key]

    def add(self, name: bytes, value: bytes) -> None:
        """Add a value behind those that are there."""
        key = self._key(name)
        if key.startswith(b":") or key in self._joined:
            for index, (entry, old) in enumerate(self.pairs):
                if entry == key:
                    separator = b"; " if key == b"cookie" else b","
                    self.pairs[index] = (key, old + separator + value if old else value)
                    return
        if key.startswith(b":"):
            front = sum(entry.startswith(b":") for entry, _ in self.pairs)
            self.pairs.insert(front, (key, value))
        else:
            self.pairs.append((key, value))

    def remove(self, name: bytes) -> None:
        """Remove every value; it is not an error if there is none."""
        key = self._key(name)
        self.pairs = [pair for pair in self.pairs if pair[0] != key]

    def replace(self, name: bytes, value: bytes) -> None:
        """Remove every value and add this one."""
        self.remove(name)
        self.add(name, value)

    def replace_all(self, pairs: Iterable[Pair]) -> None:
        """Remove every header and add these."""
        self.pairs = []
        for name, value in pairs:
            self.add(name, value)

    @property
    def byte_size(self) -> int:
        """The sum of the names' and values' lengths, what ``proxy_get_header_map_size`` tells."""
        return sum(len(name) + len(value) for name, value in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)
