"""What a stream's context asks of the filter manager that drives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wasmkit.abi.constants import StreamType
    from wasmkit.host.buffer import Buffer
    from wasmkit.host.contexts.properties import StreamFacts
    from wasmkit.http.headers import HeaderMap
    from wasmkit.http.message import Pair

__all__ = ["FilterCallbacks", "LocalReply"]


@dataclass(frozen=True, slots=True)
class LocalReply:
    """A response made in the proxy; ``details`` says why, for logs."""

    status: int
    body: bytes = b""
    headers: tuple[Pair, ...] = ()
    grpc_status: int | None = None
    details: bytes = b""
    flags: int = 0
    """Envoy's response flags, as ``response.flags`` shows them."""


class FilterCallbacks(Protocol):
    """What a filter may ask of the filter manager that drives it."""

    facts: StreamFacts

    @property
    def finished(self) -> bool:
        """Whether the stream is over."""
        ...

    def buffered(self, direction: StreamType) -> Buffer | None:
        """Return what was kept back of a body so far."""
        ...

    def keep_back(self, direction: StreamType, data: Buffer) -> None:
        """Move data behind what was kept back."""
        ...

    def add_trailers(self, direction: StreamType) -> HeaderMap:
        """Give a message trailers that it does not have."""
        ...

    def resume(self, direction: StreamType) -> None:
        """Go on where the filter had stopped."""
        ...

    def reset(self) -> None:
        """Close the stream at once."""
        ...

    def send_local_reply(self, reply: LocalReply) -> None:
        """Answer instead of the upstream."""
        ...
