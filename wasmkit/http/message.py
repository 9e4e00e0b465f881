"""The one HTTP message of this project: bytes from the reader of a recording to the report.

Text appears where a person reads or writes it (YAML, JSON, a terminal), through ``as_text`` and
``as_data``, and nowhere between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Message", "Pair", "as_data", "as_text"]

Pair = tuple[bytes, bytes]
"""A header's name, in lower case, and its value."""


def as_text(data: bytes) -> str:
    """Return bytes as people see them: UTF-8, other bytes as lone surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def as_data(text: str) -> bytes:
    """Return the bytes that ``as_text`` made a text of."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response.

    ``headers`` are pairs in their order and with their repetitions; pseudo headers stand first
    (a request's ``:method``, ``:scheme``, ``:authority``, ``:path``; a response's ``:status``).
    ``pieces`` are the body as it arrives; none of them is empty. ``trailers`` come behind it.
    """

    headers: tuple[Pair, ...] = ()
    pieces: tuple[bytes, ...] = ()
    trailers: tuple[Pair, ...] = ()

    @classmethod
    def request(
        cls,
        method: bytes,
        path: bytes,
        *,
        authority: bytes,
        scheme: bytes = b"http",
        headers: Iterable[Pair] = (),
        body: bytes = b"",
        trailers: Iterable[Pair] = (),
    ) -> Self:
        """Return a request; a body is one piece."""
        pseudo = (
            (b":method", method),
            (b":scheme", scheme),
            (b":authority", authority),
            (b":path", path),
        )
        return cls((*pseudo, *headers), (body,) if body else (), tuple(trailers))

    @classmethod
    def response(
        cls,
        status: int,
        headers: Iterable[Pair] = (),
        body: bytes = b"",
        trailers: Iterable[Pair] = (),
    ) -> Self:
        """Return a response; a body is one piece."""
        first = (b":status", b"%d" % status)
        return cls((first, *headers), (body,) if body else (), tuple(trailers))

    def get(self, name: bytes) -> bytes | None:
        """Return a header's first value, None if it is absent; ``name`` is in lower case."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def body(self) -> bytes:
        """The whole body."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    @property
    def fields(self) -> tuple[Pair, ...]:
        """The headers without the pseudo headers."""
        return tuple(pair for pair in self.headers if pair[0][:1] != b":")

    @property
    def method(self) -> bytes:
        """A request's method, empty if it has none."""
        return self.get(b":method") or b""

    @property
    def path(self) -> bytes:
        """A request's path and query, empty if it has none."""
        return self.get(b":path") or b""

    @property
    def authority(self) -> bytes:
        """A request's authority, empty if it has none."""
        return self.get(b":authority") or b""

    @property
    def scheme(self) -> bytes:
        """A request's scheme, empty if it has none."""
        return self.get(b":scheme") or b""

    @property
    def status(self) -> int:
        """A response's status, 0 if it has none."""
        status = self.get(b":status") or b""
        return int(status) if status.isdigit() and len(status) <= 3 else 0
