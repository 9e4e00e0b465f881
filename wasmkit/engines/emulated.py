"""What the engines that emulate Envoy have in common: exchanges in, outcomes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from wasmkit.engines.engine import LogLine, Outcome
from wasmkit.engines.wire import as_sent
from wasmkit.host.http.properties import StreamFacts
from wasmkit.host.http.rules import Message
from wasmkit.host.http.stream import HttpStream
from wasmkit.host.plugin import PluginSettings
from wasmkit.plugin import FailurePolicy
from wasmkit.traffic.model import Request, Response

if TYPE_CHECKING:
    from types import TracebackType

    from wasmkit.host.plugin import Plugin
    from wasmkit.http.headers import Pair
    from wasmkit.plugin import PluginConfig
    from wasmkit.traffic.model import Exchange, Header

__all__ = ["EmulatedEngine", "settings_of"]

# They frame a message on one connection and are none of the filter's doing.
_FRAMING = frozenset({"connection", "transfer-encoding"})


def settings_of(plugin: PluginConfig) -> PluginSettings:
    """Return a plugin's configuration as this process's own host takes it."""
    return PluginSettings(
        configuration=plugin.configuration,
        vm_configuration=plugin.vm.configuration,
        name=plugin.name,
        root_id=plugin.root_id,
        vm_id=plugin.vm.vm_id,
        environment=plugin.vm.environment,
        fail_open=plugin.failure_policy is FailurePolicy.FAIL_OPEN,
    )


class EmulatedEngine:
    """Plays exchanges through a plugin on this process's own host.

    A subclass makes the plugin in ``_open``. ``play`` raises ``UnplayableError`` for an exchange
    that HTTP/1.1 cannot carry, and nothing else.
    """

    name: str

    def __init__(self) -> None:
        self._startup_logs: tuple[LogLine, ...] = ()
        self._connections = 0

    def _open(self) -> Plugin:
        """Return a plugin that is loaded and not yet started."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._plugin = self._open()
        self._plugin.start()
        self._startup_logs = self._take_logs()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._plugin.close()

    @property
    def startup_logs(self) -> tuple[LogLine, ...]:
        """What was logged before the first exchange."""
        return self._startup_logs

    def play(self, exchange: Exchange) -> Outcome:
        """Send the exchange's request through the filter, its response back; return the outcome."""
        sent = as_sent(exchange)
        plugin = self._plugin
        failed_before = bool(plugin.trap)
        facts = StreamFacts(connection_id=self._connections)
        self._connections += 1
        stream = HttpStream(plugin, facts)
        result = stream.play(_request_message(sent.request), lambda _: _answer(sent.response))
        return Outcome(
            upstream=_request(result.upstream, sent.request.scheme),
            client=_response(result.client),
            logs=self._take_logs(),
            trap="" if failed_before else plugin.trap,
        )

    def _take_logs(self) -> tuple[LogLine, ...]:
        return tuple(LogLine(level, _text(line)) for level, line in self._plugin.take_logs())


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
