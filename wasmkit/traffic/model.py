"""What a recording is: exchanges of a request and the upstream's response to it.

Headers are pairs in the order and with the repetition in which they were recorded, names in
lower case as Envoy shows them to a filter, without pseudo headers (those are fields). Bodies
are the bytes that Envoy would see on the wire: if a ``content-encoding`` stands in the headers,
they are encoded so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Exchange", "Header", "Recording", "Request", "Response"]

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A request; ``path`` has the query with it, ``scheme`` is ``http`` or ``https``."""

    method: str
    scheme: str
    authority: str
    path: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    trailers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A response, or what came instead of one: status 0 means that no response came."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    trailers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the response that the upstream gave when it was recorded."""

    request: Request
    response: Response
    started: float = 0.0
    """Unix time in seconds."""
    duration: float = 0.0
    """Seconds from the request's first byte to the response's last."""
    notes: tuple[str, ...] = ()
    """What the format could not hold, for people: "the response's body was not recorded"."""

    @property
    def title(self) -> str:
        """Return what names the exchange in a report: ``GET /path``."""
        return f"{self.request.method} {self.request.path}"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's exchanges, in the order in which they started."""

    name: str
    """The file's name without folder."""
    exchanges: tuple[Exchange, ...] = field(default=())
    notes: tuple[str, ...] = ()
    """What was left out and why, for people: "entry 3: a WebSocket"."""
