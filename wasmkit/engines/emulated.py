"""What the engines that emulate Envoy have in common: scenarios in, outcomes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from wasmkit.engines.engine import Log, Outcome, Trap, Wire
from wasmkit.host.contexts.properties import StreamFacts
from wasmkit.host.http.stream import HttpStream
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.http.framing import unframed

if TYPE_CHECKING:
    from types import TracebackType

    from wasmkit.abi.constants import LogLevel
    from wasmkit.engines.engine import Event, Scenario
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.host.protocol import Guest
    from wasmkit.http.message import Message
    from wasmkit.plugin import PluginConfig

__all__ = ["EmulatedEngine"]


class EmulatedEngine:
    """Plays scenarios through a plugin on this process's own host.

    A subclass loads the guest in ``_make_guest``.
    """

    name: str

    def __init__(self, config: PluginConfig, *, limits: Limits | None = None) -> None:
        self._config = config
        self._limits = limits
        self._events: list[Event] = []
        self._startup_logs: tuple[Log, ...] = ()
        self._connections = 0

    def _make_guest(self, calls: Calls, limits: Limits) -> Guest:
        """Load the guest and return it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._vm = Vm(self._config.vm, self._make_guest, limits=self._limits, log=self._log)
        self._plugin = Plugin(self._vm, self._config)
        self._plugin.start()
        self._startup_logs = self._take().logs
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._vm.close()

    @property
    def startup_logs(self) -> tuple[Log, ...]:
        """What was logged before the first scenario."""
        return self._startup_logs

    def play(self, scenario: Scenario) -> Outcome:
        """Send the request through the filter, the response back; return the outcome."""
        failed_before = bool(self._vm.trap)
        stream = HttpStream(self._plugin, StreamFacts(connection_id=self._connections))
        self._connections += 1

        def answer(request: Message) -> Message | None:
            self._events.append(Wire("upstream", unframed(request)))
            return scenario.response

        client = stream.play(scenario.request, answer).client
        if self._vm.trap and not failed_before:
            self._events.append(Trap(self._vm.trap))
        self._events.append(Wire("client", None if client is None else unframed(client)))
        return self._take()

    def _log(self, level: LogLevel, message: bytes) -> None:
        self._events.append(Log(level, message))

    def _take(self) -> Outcome:
        """Return what has happened since the last call."""
        events, self._events = self._events, []
        return Outcome(tuple(events))
