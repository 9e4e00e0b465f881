"""What a recording is: exchanges of a request and the upstream's response to it.

Headers are in the order and with the repetition in which they were recorded, names in lower
case as Envoy shows them to a filter. Bodies are the bytes that Envoy would see on the wire: if a
``content-encoding`` stands in the headers, they are encoded so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmkit.http.message import as_text

if TYPE_CHECKING:
    from wasmkit.http.message import Message

__all__ = ["Exchange", "Recording"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the response that the upstream gave when it was recorded."""

    request: Message
    """With its pseudo headers; the path has the query with it."""
    response: Message | None
    """None: no response came."""
    started: float = 0.0
    """Unix time in seconds."""
    duration: float = 0.0
    """Seconds from the request's first byte to the response's last."""
    notes: tuple[str, ...] = ()
    """What the format could not hold, for people: "the response's body was not recorded"."""

    @property
    def title(self) -> str:
        """Return what names the exchange in a report: ``GET /path``."""
        return as_text(b"%b %b" % (self.request.method, self.request.path))


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's exchanges, in the order in which they started."""

    name: str
    """The file's name without folder."""
    exchanges: tuple[Exchange, ...] = field(default=())
    notes: tuple[str, ...] = ()
    """What was left out and why, for people: "entry 3: a WebSocket"."""
