"""What an engine plays, what comes of it, and what an engine is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, Self

from wasmkit.abi.functions import HOST_FUNCTIONS

if TYPE_CHECKING:
    from types import TracebackType

    from wasmkit.abi.constants import LogLevel
    from wasmkit.http.message import Message

__all__ = [
    "Callback",
    "Engine",
    "Event",
    "HostCall",
    "Log",
    "Outcome",
    "Scenario",
    "Trap",
    "Wire",
]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What client and upstream send while one request crosses the filter."""

    request: Message
    response: Message | None
    """None: the upstream hangs up instead."""
    title: str = ""
    """What names it for people."""


@dataclass(frozen=True, slots=True)
class Log:
    """A line that the filter logged; ``message`` may hold newlines (a traceback)."""

    level: LogLevel
    message: bytes


@dataclass(frozen=True, slots=True)
class Trap:
    """The guest trapped; its VM is dead from here on, as in Envoy."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wire:
    """A whole message as one of the ends saw it; None: its connection closed without one.

    The upstream's stands where the request arrived among the other events, the client's behind
    all of them. Headers that frame a message on its connection are left out.
    """

    side: Literal["client", "upstream"]
    message: Message | None


@dataclass(frozen=True, slots=True)
class Callback:
    """A call of the filter's for one of its contexts; ``arguments`` are those behind the context.

    ``result`` is None for a callback that has none, and for one that trapped. This and
    ``HostCall`` come from an engine that was made with ``trace=True``, and stand before what
    happened within the call.
    """

    context: int
    name: str
    arguments: tuple[int, ...]
    result: int | None


@dataclass(frozen=True, slots=True)
class HostCall:
    """A call of the host's by the filter: unsigned integers, as they cross the boundary."""

    name: str
    arguments: tuple[int, ...]
    result: int | None

    def without_addresses(self) -> HostCall:
        """Return the call with 0 for each address: what two guests' memories may differ in."""
        letters = HOST_FUNCTIONS[self.name].integers
        shown = (
            0 if letter == "p" else n for letter, n in zip(letters, self.arguments, strict=True)
        )
        return replace(self, arguments=tuple(shown))


Event = Callback | HostCall | Log | Trap | Wire


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scenario came to, the same from every engine: what happened, in order."""

    events: tuple[Event, ...] = ()

    @property
    def upstream(self) -> Message | None:
        """The request as the upstream saw it, None if it saw none (a local reply)."""
        return self._seen_by("upstream")

    @property
    def client(self) -> Message | None:
        """The response as the client saw it, None if the connection was closed without one."""
        return self._seen_by("client")

    def _seen_by(self, side: str) -> Message | None:
        seen = (
            each.message for each in self.events if isinstance(each, Wire) and each.side == side
        )
        return next(seen, None)

    @property
    def logs(self) -> tuple[Log, ...]:
        """The lines that the filter logged."""
        return tuple(each for each in self.events if isinstance(each, Log))

    @property
    def trap(self) -> str:
        """Why the guest trapped, empty if it did not."""
        return next((each.reason for each in self.events if isinstance(each, Trap)), "")


class Engine(Protocol):
    """Runs one filter with one configuration over scenarios, in order, in one VM.

    Entering starts the VM (``on_vm_start``, ``on_configure``); leaving ends it. Entering raises
    ``GuestModuleError`` when the module cannot be loaded or refuses its configuration; the
    error's hint then holds the filter's own last log line. A trap never raises.
    """

    name: str

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @property
    def startup_logs(self) -> tuple[Log, ...]:
        """What was logged before the first scenario."""
        ...

    def play(self, scenario: Scenario) -> Outcome:
        """Send the request through the filter, the response back; return the outcome."""
        ...
