"""What playing an exchange through a filter results in, and what plays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

    from wasmkit.abi.constants import LogLevel
    from wasmkit.traffic.model import Exchange, Request, Response

__all__ = ["Engine", "LogLine", "Outcome"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the filter logged; ``message`` may hold newlines (a traceback)."""

    level: LogLevel
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one exchange came to, the same from every engine.

    ``upstream`` is the request as the upstream saw it, or None if it saw none (a local reply).
    ``client`` is the response as the client saw it; status 0 if the connection was closed
    without one. ``trap`` is the reason when the guest trapped; its VM is then dead, as in Envoy.
    """

    upstream: Request | None
    client: Response
    logs: tuple[LogLine, ...] = ()
    trap: str = ""


class Engine(Protocol):
    """Runs one filter with one configuration over exchanges, in order, in one VM.

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
    def startup_logs(self) -> tuple[LogLine, ...]:
        """What was logged before the first exchange."""
        ...

    def play(self, exchange: Exchange) -> Outcome:
        """Send the exchange's request through the filter, its response back; return the outcome."""
        ...
