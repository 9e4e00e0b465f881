"""The engine that decides: stock Envoy between a client and an upstream of this process.

One exchange at a time crosses Envoy on a client connection of its own. The upstream answers
whatever arrives with the exchange's recorded response, so nothing has to be added to a request
to tell which one it is. An exchange is over when Envoy counts its connection as destroyed:
``on_log``, ``on_done`` and ``on_delete`` have then run, and their log lines are written.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import LogLine, Outcome
from wasmkit.engines.wire import as_sent
from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.bootstrap import Bootstrap
from wasmkit.envoy.ends import Upstream, request_once
from wasmkit.envoy.log import LogRecord, guest_message, trap_reason
from wasmkit.envoy.process import EnvoyProcess, private_folder
from wasmkit.errors import GuestModuleError
from wasmkit.http.message import Message, Pair, as_data, as_text
from wasmkit.traffic.model import Request, Response

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from wasmkit.plugin import PluginConfig
    from wasmkit.traffic.model import Exchange, Header

__all__ = ["EnvoyEngine"]

_EXCHANGE_SECONDS = 15.0
_START_SECONDS = 60.0
_SETTLE_SECONDS = 5.0
_KEPT_RECORDS = 100_000
_CLOSED = Response(status=0)
# They frame a message on one connection and are none of the filter's doing.
_FRAMING = frozenset({"connection", "transfer-encoding"})


class EnvoyEngine:
    """Plays exchanges through a plugin in stock Envoy; see ``wasmkit.engines.engine.Engine``.

    ``envoy`` names the binary to use instead of the one that is found. ``exchange_seconds`` is
    how long a response may take: a filter that pauses for good gives a client status of 0.

    Entering raises what ``find_envoy`` and ``EnvoyProcess`` raise; ``play`` raises
    ``UnplayableError`` for an exchange that cannot be sent. When a callback does not return, or
    takes Envoy with it, the outcome's ``trap`` says so and every later outcome repeats it.
    """

    name = "envoy"

    def __init__(
        self,
        plugin: PluginConfig,
        *,
        envoy: Path | None = None,
        exchange_seconds: float = _EXCHANGE_SECONDS,
    ) -> None:
        self._plugin = plugin
        self._envoy = envoy
        self._exchange_seconds = exchange_seconds
        self._records: list[LogRecord] = []
        self._answer = _CLOSED
        self._seen: Message | None = None
        self._connections = 0
        self._dead = ""
        self._startup_logs: tuple[LogLine, ...] = ()

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
            self._startup_logs = self._take_logs()[0]
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
    def startup_logs(self) -> tuple[LogLine, ...]:
        """What the filter logged before the first exchange, in the VM that serves them.

        Envoy starts the filter in other VMs too, to try it; their lines are left out.
        """
        return self._startup_logs

    def play(self, exchange: Exchange) -> Outcome:
        """Send the exchange's request through Envoy, its response back; return the outcome."""
        sent = as_sent(exchange)
        if self._dead:
            return Outcome(upstream=None, client=_CLOSED, trap=self._dead)
        self._answer = sent.response
        self._seen = None
        message = Message()
        try:
            message = self._exchange(sent.request)
        except OSError:
            self._dead = self._how_it_died()
        logs, trap = self._take_logs()
        return Outcome(
            upstream=_request_seen(self._seen, sent.request.scheme),
            client=Response(
                message.status,
                _unframed(_texts(message.fields)),
                message.body,
                _texts(message.trailers),
            )
            if message.status
            else _CLOSED,
            logs=logs,
            trap=self._dead or trap,
        )

    def _exchange(self, request: Request) -> Message:
        """Return the response; raises ``OSError`` when Envoy is there no more."""
        message = request_once(
            self._address, _request_message(request), seconds=self._exchange_seconds
        ).message
        self._connections += 1
        if not self._process.wait_until_ended(self._connections, seconds=_SETTLE_SECONDS):
            self._dead = (
                f"a callback of the filter did not return within {self._exchange_seconds:g} seconds"
            )
            self._process.kill()
        return message

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
        self._seen = request
        if not self._answer.status:
            return None
        return Message.response(
            self._answer.status,
            _datas(self._answer.headers),
            self._answer.body,
            _datas(self._answer.trailers),
        )

    def _take(self, record: LogRecord) -> None:
        if len(self._records) < _KEPT_RECORDS and (
            trap_reason(record) is not None or self._said(record) is not None
        ):
            self._records.append(record)

    def _said(self, record: LogRecord) -> str | None:
        return guest_message(record, self._plugin.name, self._plugin.root_id)

    def _take_logs(self) -> tuple[tuple[LogLine, ...], str]:
        """Return the worker's log lines since the last call and why the guest trapped, if so."""
        self._process.drain_log()
        records, self._records = self._records, []
        lines = []
        traps = []
        for record in records:
            if record.thread == self._process.main_thread:
                continue
            said = self._said(record)
            if said is not None:
                lines.append(LogLine(LogLevel(record.level), said))
            elif (reason := trap_reason(record)) is not None:
                traps.append(reason)
        return tuple(lines), traps[0] if traps else ""


def _request_message(request: Request) -> Message:
    return Message.request(
        as_data(request.method),
        as_data(request.path),
        authority=as_data(request.authority),
        headers=_datas(request.headers),
        body=request.body,
        trailers=_datas(request.trailers),
    )


def _request_seen(message: Message | None, scheme: str) -> Request | None:
    if message is None:
        return None
    return Request(
        method=as_text(message.method),
        scheme=scheme,
        authority=as_text(message.authority),
        path=as_text(message.path),
        headers=_unframed(_texts(message.fields)),
        body=message.body,
        trailers=_texts(message.trailers),
    )


def _datas(headers: tuple[Header, ...]) -> tuple[Pair, ...]:
    return tuple((as_data(name), as_data(value)) for name, value in headers)


def _texts(pairs: tuple[Pair, ...]) -> tuple[Header, ...]:
    return tuple((as_text(name), as_text(value)) for name, value in pairs)


def _unframed(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[0] not in _FRAMING)
