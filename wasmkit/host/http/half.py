"""One direction of a stream: what has come to the filter, where it stands, what has gone on."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from wasmkit.http.headers import HeaderMap

if TYPE_CHECKING:
    from wasmkit.abi.constants import StreamType
    from wasmkit.host.buffer import Buffer

__all__ = ["STOPS_ALL", "Half", "State"]


class State(Enum):
    """Envoy's ``IterationState``."""

    CONTINUE = 0
    STOP_ONE = 1
    STOP_ALL_BUFFER = 3
    STOP_ALL_WATERMARK = 4


STOPS_ALL = (State.STOP_ALL_BUFFER, State.STOP_ALL_WATERMARK)
"""States in which what arrives is kept back without a callback."""


class Half:
    """The state of one direction; ``HttpStream`` moves it on."""

    def __init__(self, direction: StreamType) -> None:
        self.direction = direction
        self.state = State.CONTINUE
        self.headers = HeaderMap()
        self.trailers: HeaderMap | None = None
        self.begun = False
        self.arrived_all = False
        self.filter_saw_end = False
        self.kept: Buffer | None = None
        self.streaming = False
        self.calling = False
        # What came out behind the filter:
        self.sent_headers: HeaderMap | None = None
        self.sent_headers_only = False
        self.sent_body = bytearray()
        self.sent_trailers = False
        self.sent_all = False

    def send_headers(self, headers: HeaderMap, *, end: bool) -> None:
        """Let headers go on: those that arrived, or others in their place."""
        self.sent_headers = headers
        self.sent_headers_only = self.sent_all = end

    def send_trailers(self) -> None:
        """Let the trailers go on, and the message with them is complete."""
        self.sent_trailers = self.sent_all = True
