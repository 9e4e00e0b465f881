"""The engine that decides: stock Envoy between a client and an upstream of this process.

One scenario at a time crosses Envoy on a client connection of its own. The upstream answers
whatever arrives with the scenario's response, so nothing has to be added to a request
to tell which one it is. A scenario is over when Envoy counts its connection as destroyed:
``on_log``, ``on_done`` and ``on_delete`` have then run, and their log lines are written.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log, Outcome, Trap, Wire
from wasmkit.engines.recorder import Recorder
from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.bootstrap import Bootstrap
from wasmkit.envoy.ends import Upstream, request_once
from wasmkit.envoy.log import LogRecord, guest_message, trap_reason
from wasmkit.envoy.process import EnvoyProcess, private_folder
from wasmkit.envoy.trace import is_trace, read_trace
from wasmkit.errors import GuestModuleError
from wasmkit.http.framing import unframed

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from wasmkit.engines.engine import Event, Scenario
    from wasmkit.http.message import Message
    from wasmkit.plugin import PluginConfig

__all__ = ["EnvoyEngine"]

_EXCHANGE_SECONDS = 15.0
_START_SECONDS = 60.0
_SETTLE_SECONDS = 5.0
_KEPT_RECORDS = 100_000


class EnvoyEngine:
    """Plays scenarios through a plugin in stock Envoy; see ``wasmkit.engines.engine.Engine``.

    ``envoy`` names the binary to use instead of the one that is found. ``exchange_seconds`` is
    how long a response may take: a filter that pauses for good leaves the client without one.
    ``trace`` records the calls between Envoy and the filter too.

    Entering raises what ``find_envoy`` and ``EnvoyProcess`` raise. When a callback does not
    return, or takes Envoy with it, the outcome's ``trap`` says so and every later one repeats it.
    """

    name = "envoy"

    def __init__(
        self,
        plugin: PluginConfig,
        *,
        envoy: Path | None = None,
        exchange_seconds: float = _EXCHANGE_SECONDS,
        trace: bool = False,
    ) -> None:
        self._plugin = plugin
        self._envoy = envoy
        self._exchange_seconds = exchange_seconds
        self._taken: list[LogRecord | Wire] = []
        self._answer: Message | None = None
        self._connections = 0
        self._dead = ""
        self._trace = trace
        self._startup: tuple[Event, ...] = ()

    def __enter__(self) -> Self:
        binary = find_envoy(self._envoy)
        with ExitStack() as stack:
            folder = stack.enter_context(private_folder())
            upstream = stack.enter_context(Upstream(self._respond))
            module = folder / "filter.wasm"
            module.write_bytes(self._plugin.vm.code)
            bootstrap = Bootstrap(
                plugin=self._plugin,
                module=module,
                listen=("127.0.0.1", 0),
                upstream=upstream.address,
                admin_socket=folder / "admin.sock",
            )
            # At level trace the filter's own trace lines come through, as on every engine.
            process = EnvoyProcess(binary, bootstrap, sink=self._take, wasm_log_level="trace")
            self._process = stack.enter_context(process)
            self._address = self._process.listening()
            self._wait_for_worker()
            self._startup = tuple(self._take_events())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def startup_logs(self) -> tuple[Log, ...]:
        """What the filter logged before the first scenario, in the VM that serves them.

        Envoy starts the filter in other VMs too, to try it; their lines are left out.
        """
        return Outcome(self._startup).logs

    @property
    def startup_events(self) -> tuple[Event, ...]:
        """What happened before the first scenario in that VM."""
        return self._startup

    def play(self, scenario: Scenario) -> Outcome:
        """Send the request through Envoy, the response back; return the outcome."""
        if self._dead:
            return Outcome((Trap(self._dead), Wire("client", None)))
        self._answer = scenario.response
        message: Message | None = None
        try:
            message = self._exchange(scenario.request)
        except OSError:
            self._dead = self._how_it_died()
        events = self._take_events()
        if self._dead:
            events = [each for each in events if not isinstance(each, Trap)]
            events.append(Trap(self._dead))
        events.append(Wire("client", None if message is None else unframed(message)))
        return Outcome(tuple(events))

    def _exchange(self, request: Message) -> Message | None:
        """Return the response, as far as it came; raises ``OSError`` when Envoy has died."""
        message = request_once(self._address, request, seconds=self._exchange_seconds).message
        self._connections += 1
        if not self._process.wait_until_ended(self._connections, seconds=_SETTLE_SECONDS):
            self._dead = (
                f"a callback of the filter did not return within {self._exchange_seconds:g} seconds"
            )
            self._process.kill()
        return message if message.status else None

    def _wait_for_worker(self) -> None:
        """Wait until the worker's VM has started, in which the exchanges are played."""
        try:
            ready = self._process.reach_worker(seconds=_START_SECONDS)
        except OSError as error:
            raise GuestModuleError(self._how_it_died()) from error
        if not ready:
            raise GuestModuleError(
                "Envoy's worker is not ready",
                hint="look for an endless loop in what the filter does at start",
            )
        self._connections = self._process.connections_ended()

    def _how_it_died(self) -> str:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not (status := self._process.exit_status) and time.monotonic() < deadline:
            time.sleep(0.01)
        return f"Envoy died while the filter ran: {status or 'it answers no more'}"

    def _respond(self, request: Message) -> Message | None:
        # What the filter logged until here was written before the request was sent. A request
        # that a filter continues before it lets its headers pass is sent twice; one is told of.
        self._process.drain_log()
        if not any(isinstance(each, Wire) for each in self._taken):
            self._taken.append(Wire("upstream", unframed(request)))
        return self._answer

    def _take(self, record: LogRecord) -> None:
        if len(self._taken) < _KEPT_RECORDS and (
            (self._trace and is_trace(record))
            or trap_reason(record) is not None
            or self._said(record) is not None
        ):
            self._taken.append(record)

    def _said(self, record: LogRecord) -> bytes | None:
        return guest_message(record, self._plugin.name, self._plugin.root_id)

    def _take_events(self) -> list[Event]:
        """Return what has happened in the worker since the last call, the first trap alone."""
        self._process.drain_log()
        taken, self._taken = self._taken, []
        recorder = Recorder()
        trapped = False
        for each in taken:
            if isinstance(each, Wire):
                recorder.add(each)
            elif each.thread == self._process.main_thread or read_trace(each, recorder):
                continue
            elif (said := self._said(each)) is not None:
                recorder.add(Log(LogLevel(each.level), said))
            elif (reason := trap_reason(each)) is not None and not trapped:
                recorder.add(Trap(reason))
                trapped = True
        return list(recorder.take())
