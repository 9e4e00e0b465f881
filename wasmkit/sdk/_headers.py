"""Header maps as authors see them: a view on the host's map that copies nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from wasmkit.abi.pairs import decode_pairs
from wasmkit.sdk import _host
from wasmkit.sdk._text import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Headers", "check_header"]

_T = TypeVar("_T")
_MISSING = object()
_printable = str.isprintable


def check_header(name: str, value: str) -> None:
    """Raise ``ValueError`` for a header that could split a message or that no host sends.

    Envoy itself takes any bytes from a filter (a name it cannot send is a 503 later on).
    """
    if not name or " " in name or not (name.isascii() and _printable(name)):
        raise ValueError(f"{name!r} is not a header name")
    if not _printable(value) and any(bad in value for bad in "\r\n\0"):
        raise ValueError(f"{name}: a header's value cannot hold CR, LF or NUL: {value!r}")


class Headers:
    """The headers (or trailers) of the running hook's message; a change takes effect at once.

    Used like a dict of ``str``, with HTTP's differences: names match in any case and come in
    lower case; a name can have several values; the pseudo headers ``:method``, ``:scheme``,
    ``:authority``, ``:path`` and ``:status`` are among them. Bytes that are not UTF-8 are lone
    surrogates (PEP 383). Every use asks the host: keep in a variable what you read twice. Valid
    for this stream, while the host has the map (it raises ``HostError`` afterwards).
    """

    __slots__ = ("_map",)

    def __init__(self, map_type: int) -> None:
        self._map = int(map_type)

    def __getitem__(self, name: str) -> str:
        """Return the first value; ``KeyError`` if there is none."""
        value = _host.host.proxy_get_header_map_value(self._map, name)
        if value is None:
            raise KeyError(name)
        return value

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: _T) -> str | _T: ...
    def get(self, name: str, default: _T | None = None) -> str | _T | None:
        """Return the first value, or ``default``."""
        value = _host.host.proxy_get_header_map_value(self._map, name)
        return default if value is None else value

    def get_all(self, name: str) -> list[str]:
        """Return all values in order, each as it was sent (commas in it are not split)."""
        name = name.lower()
        return [value for key, value in self.items() if key == name]

    def __setitem__(self, name: str, value: str) -> None:
        """Put the one value in the place of all there were; ``ValueError`` for a bad header."""
        check_header(name, value)
        _host.host.proxy_replace_header_map_value(self._map, name, value)

    def add(self, name: str, value: str) -> None:
        """Add a value, leaving those that are there; ``ValueError`` for a bad header."""
        check_header(name, value)
        _host.host.proxy_add_header_map_value(self._map, name, value)

    def __delitem__(self, name: str) -> None:
        """Remove all values; ``KeyError`` if there are none."""
        if name not in self:
            raise KeyError(name)
        _host.host.proxy_remove_header_map_value(self._map, name)

    def remove(self, name: str) -> None:
        """Remove all values, if there are any."""
        _host.host.proxy_remove_header_map_value(self._map, name)

    @overload
    def pop(self, name: str) -> str: ...
    @overload
    def pop(self, name: str, default: _T) -> str | _T: ...
    def pop(self, name: str, default: Any = _MISSING) -> Any:
        """Remove all values and return the first; without any the default, or ``KeyError``."""
        value = _host.host.proxy_get_header_map_value(self._map, name)
        if value is not None:
            _host.host.proxy_remove_header_map_value(self._map, name)
            return value
        if default is _MISSING:
            raise KeyError(name)
        return default

    def setdefault(self, name: str, default: str) -> str:
        """Return the first value; if there is none, set ``default`` and return it."""
        value = _host.host.proxy_get_header_map_value(self._map, name)
        if value is None:
            self[name] = value = default
        return value

    def update(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Set each of the headers, as ``headers[name] = value`` does."""
        items = headers.items() if hasattr(headers, "items") else headers
        for name, value in items:
            self[name] = value

    def items(self) -> list[tuple[str, str]]:
        """Return all headers as (name, value), in order, a repeated name as often as it occurs."""
        return [
            (as_text(key), as_text(value))
            for key, value in decode_pairs(_host.host.proxy_get_header_map_pairs(self._map))
        ]

    def keys(self) -> list[str]:
        """Return the names of ``items()``, repeated ones as often."""
        return [name for name, _ in self.items()]

    def values(self) -> list[str]:
        """Return the values of ``items()``."""
        return [value for _, value in self.items()]

    def __contains__(self, name: object) -> bool:
        return (
            isinstance(name, str)
            and _host.host.proxy_get_header_map_value(self._map, name) is not None
        )

    def __iter__(self) -> Iterator[str]:
        """Iterate over ``keys()`` as they are now; the map may be changed meanwhile."""
        return iter(self.keys())

    def __len__(self) -> int:
        """Return the number of ``items()``."""
        return len(decode_pairs(_host.host.proxy_get_header_map_pairs(self._map)))

    def __bool__(self) -> bool:
        return len(self) > 0

    def __repr__(self) -> str:
        return f"Headers({self.items()!r})"
