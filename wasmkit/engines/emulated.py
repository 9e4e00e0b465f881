"""What the engines that emulate Envoy have in common: exchanges in, outcomes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from wasmkit.engines.engine import LogLine, Outcome
from wasmkit.engines.wire import as_sent
from wasmkit.host.contexts.properties import StreamFacts
from wasmkit.host.http.rules import Message
from wasmkit.host.http.stream import HttpStream
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.traffic.model import Request, Response

if TYPE_CHECKING:
    from types import TracebackType

    from wasmkit.abi.constants import LogLevel
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.host.protocol import Guest
    from wasmkit.http.headers import Pair
    from wasmkit.plugin import PluginConfig
    from wasmkit.traffic.model import Exchange, Header

__all__ = ["EmulatedEngine"]

# They frame a message on one connection and are none of the filter's doing.
_FRAMING = frozenset({"connection", "transfer-encoding"})


class EmulatedEngine:
    """Plays exchanges through a plugin on this process's own host.

    A subclass loads the guest in ``_make_guest``. ``play`` raises ``UnplayableError`` for an
    exchange that HTTP/1.1 cannot carry, and nothing else.
    """

    name: str

    def __init__(self, config: PluginConfig, *, limits: Limits | None = None) -> None:
        self._config = config
        self._limits = limits
        self._logs: list[LogLine] = []
        self._startup_logs: tuple[LogLine, ...] = ()
        self._connections = 0

    def _make_guest(self, calls: Calls, limits: Limits) -> Guest:
        """Load the guest and return it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._vm = Vm(self._config.vm, self._make_guest, limits=self._limits, log=self._log)
        self._plugin = Plugin(self._vm, self._config)
        self._plugin.start()
        self._startup_logs = self._take_logs()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._vm.close()

    @property
    def startup_logs(self) -> tuple[LogLine, ...]:
        """What was logged before the first exchange."""
        return self._startup_logs

    def play(self, exchange: Exchange) -> Outcome:
        """Send the exchange's request through the filter, its response back; return the outcome."""
        sent = as_sent(exchange)
        failed_before = bool(self._vm.trap)
        facts = StreamFacts(connection_id=self._connections)
        self._connections += 1
        stream = HttpStream(self._plugin, facts)
        result = stream.play(_request_message(sent.request), lambda _: _answer(sent.response))
        return Outcome(
            upstream=_request(result.upstream, sent.request.scheme),
            client=_response(result.client),
            logs=self._take_logs(),
            trap="" if failed_before else self._vm.trap,
        )

    def _log(self, level: LogLevel, message: bytes) -> None:
        self._logs.append(LogLine(level, _text(message)))

    def _take_logs(self) -> tuple[LogLine, ...]:
        logs, self._logs = self._logs, []
        return tuple(logs)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _data(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _pairs(headers: tuple[Header, ...]) -> tuple[Pair, ...]:
    return tuple((_data(name), _data(value)) for name, value in headers)


def _headers(pairs: tuple[Pair, ...]) -> tuple[Header, ...]:
    named = ((_text(name), _text(value)) for name, value in pairs)
    return tuple(
        header for header in named if not header[0].startswith(":") and header[0] not in _FRAMING
    )


def _request_message(request: Request) -> Message:
    # The connection is plain HTTP; Envoy takes the scheme from x-forwarded-proto where it stands.
    forwarded = next(value for name, value in request.headers if name == "x-forwarded-proto")
    scheme = forwarded.lower() if forwarded.lower() in ("http", "https") else "http"
    pseudo = {
        ":authority": request.authority,
        ":path": request.path,
        ":method": request.method,
        ":scheme": scheme,
    }
    headers = _pairs((*pseudo.items(), *request.headers))
    return Message(headers, request.body, _pairs(request.trailers))


def _answer(response: Response) -> Message | None:
    if not response.status:
        return None
    headers = ((":status", str(response.status)), *response.headers)
    return Message(_pairs(headers), response.body, _pairs(response.trailers))


def _request(message: Message | None, scheme: str) -> Request | None:
    if message is None:
        return None
    pseudo = {_text(name): _text(value) for name, value in message.headers if name[:1] == b":"}
    return Request(
        method=pseudo.get(":method", ""),
        scheme=scheme,
        authority=pseudo.get(":authority", ""),
        path=pseudo.get(":path", ""),
        headers=_headers(message.headers),
        body=message.body,
        trailers=_headers(message.trailers),
    )


def _response(message: Message | None) -> Response:
    if message is None:
        return Response(status=0)
    status = next((value for name, value in message.headers if name == b":status"), b"0")
    return Response(
        status=int(status),
        headers=_headers(message.headers),
        body=message.body,
        trailers=_headers(message.trailers),
    )
