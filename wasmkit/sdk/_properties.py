"""The host's attributes, read as the types in which Envoy serialises them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.pairs import decode_pairs
from wasmkit.sdk import _host
from wasmkit.sdk._text import as_data, as_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Properties"]


class Properties:
    """The attributes of a context, by path: ``self.properties.get_str("request", "path")``.

    The names and types are Envoy's (docs: "Attributes"). Each segment of a path is a string of
    its own; ``"request.path"`` is none. What is not there now (``request.*`` in response hooks,
    for one) is None. A whole group (``"request"``) raises ``HostError``, a value of another
    type than asked for ``ValueError``.
    """

    __slots__ = ("_switch",)

    def __init__(self, switch: Callable[[], None]) -> None:
        self._switch = switch

    def get(self, *path: str) -> bytes | None:
        """Return the value as the host serialised it."""
        self._switch()
        return _host.host.proxy_get_property(_encode(path))

    def get_str(self, *path: str) -> str | None:
        """Return a string; bytes that are not UTF-8 become lone surrogates."""
        value = self.get(*path)
        return None if value is None else as_text(value)

    def get_int(self, *path: str) -> int | None:
        """Return an integer (``response.code``, ``request.size``, ``connection.id``)."""
        value = self.get(*path)
        if value is None:
            return None
        if len(value) != 8:
            raise _wrong(path, "integer", value)
        return int.from_bytes(value, "little", signed=True)

    def get_bool(self, *path: str) -> bool | None:
        """Return a truth value (``connection.mtls``)."""
        value = self.get(*path)
        if value is None:
            return None
        if len(value) != 1:
            raise _wrong(path, "bool", value)
        return value != b"\0"

    def get_timestamp(self, *path: str) -> float | None:
        """Return a point in time (``request.time``) in seconds, as ``time.time()`` counts them."""
        return self._seconds(path)

    def get_duration(self, *path: str) -> float | None:
        """Return a span of time (``request.duration``) in seconds."""
        return self._seconds(path)

    def get_pairs(self, *path: str) -> list[tuple[str, str]] | None:
        """Return a map (``request.headers``) as (key, value); a list's items are the keys."""
        value = self.get(*path)
        if value is None:
            return None
        try:
            pairs = decode_pairs(value)
        except ValueError:
            raise _wrong(path, "map", value) from None
        return [(as_text(key), as_text(item)) for key, item in pairs]

    def set(self, path: str, value: str | bytes) -> None:
        """Keep a value with the stream, where later filters and access logs find it.

        In Envoy it is the filter state ``wasm.<path>``; it never hides an attribute of Envoy's.
        """
        self._switch()
        data = as_data(value) if isinstance(value, str) else value
        _host.host.proxy_set_property(as_data(path), data)

    def _seconds(self, path: tuple[str, ...]) -> float | None:
        nanoseconds = self.get_int(*path)
        return None if nanoseconds is None else nanoseconds / 1e9


def _encode(path: tuple[str, ...]) -> bytes:
    return as_data("\0".join(path))


def _wrong(path: tuple[str, ...], kind: str, value: bytes) -> ValueError:
    return ValueError(
        f"{'.'.join(path)} is not of the type {kind}: {len(value)} bytes, {value[:32]!r}"
    )
