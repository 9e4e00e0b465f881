"""What the engines that emulate Envoy have in common: scenarios in, outcomes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from wasmkit.abi.constants import StreamType
from wasmkit.engines.engine import Log, Outcome, Trap, Wire
from wasmkit.engines.recorder import Recorder
from wasmkit.host.http.stream import HttpStream
from wasmkit.host.threads import Starts, Threads
from wasmkit.host.world import World
from wasmkit.http.framing import unframed
from wasmkit.http.message import Message

if TYPE_CHECKING:
    from types import TracebackType

    from wasmkit.abi.constants import LogLevel
    from wasmkit.abi.trace import Tracer
    from wasmkit.engines.engine import Event, Scenario
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.host.protocol import Guest
    from wasmkit.plugin import PluginConfig, VmConfig
    from wasmkit.profiles import Profile

__all__ = ["EmulatedEngine"]

_ANSWER_TIME = 1_000_000
"""Nanoseconds that the upstream takes: in a real mesh no duration is 0 either."""
_MAX_EVENTS = 2000
"""A stream that is still stopped after so many events is given up, as a client would.

That is a thousand ticks of its own VM, since the main thread's VM ticks as well.
"""


class EmulatedEngine:
    """Plays scenarios through a plugin on this process's own host.

    ``profile`` is the host whose rules hold, the newest Envoy unless given; ``starts`` says which
    VMs start first; ``world`` is what surrounds them, one that begins now unless given. ``trace``
    records the calls between host and filter too. A subclass loads the guest in ``_make_guest``.
    """

    name: str

    def __init__(
        self,
        config: PluginConfig,
        *,
        profile: Profile | None = None,
        limits: Limits | None = None,
        starts: Starts = Starts.ENVOY,
        world: World | None = None,
        trace: bool = False,
    ) -> None:
        self._config = config
        self._profile = profile
        self._recorder = Recorder()
        self._startup: tuple[Event, ...] = ()
        self._world = world or World()
        self._connections = 0
        self._threads = Threads(
            [config],
            self._make_guest,
            self._world,
            profile=profile,
            limits=limits,
            starts=starts,
            log=self._log,
            tracer=self._recorder if trace else None,
        )

    def _make_guest(
        self, vm: VmConfig, calls: Calls, limits: Limits, tracer: Tracer | None
    ) -> Guest:
        """Load a guest and return it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        (self._plugin,) = self._threads.__enter__().plugins
        self._startup = self._recorder.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.__exit__(kind, error, trace)

    @property
    def startup_logs(self) -> tuple[Log, ...]:
        """What was logged before the first scenario."""
        return Outcome(self._startup).logs

    @property
    def startup_events(self) -> tuple[Event, ...]:
        """What happened before the first scenario in the VM through which it goes."""
        return self._startup

    def play(self, scenario: Scenario) -> Outcome:
        """Send the request through the filter, the response back; return the outcome."""
        failed_before = bool(self._plugin.vm.trap)
        stream = HttpStream(self._plugin, connection_id=self._connections)
        self._connections += 1
        client = self._drive(stream, scenario)
        if self._plugin.vm.trap and not failed_before:
            self._recorder.add(Trap(self._plugin.vm.trap))
        self._recorder.add(Wire("client", None if client is None else unframed(client)))
        return Outcome(self._recorder.take())

    def _drive(self, stream: HttpStream, scenario: Scenario) -> Message | None:
        """Bring a request and the response to it; return what the client got.

        While the filter holds the stream nothing else happens than what its world brings, its
        timer above all. After many such events the client gives up.
        """
        _bring(stream, StreamType.REQUEST, scenario.request)
        self._world.run_until(lambda: stream.request_sent, most=_MAX_EVENTS)
        upstream = stream.deliver()
        if upstream is not None:
            self._recorder.add(Wire("upstream", unframed(upstream)))
            self._world.advance(_ANSWER_TIME)
            response = scenario.response
            if response is None:
                stream.hang_up(StreamType.RESPONSE)
            elif upstream.method == b"HEAD":
                _bring(stream, StreamType.RESPONSE, Message(response.headers))
            else:
                _bring(stream, StreamType.RESPONSE, response)
        if not self._world.run_until(lambda: stream.finished, most=_MAX_EVENTS):
            stream.hang_up(StreamType.REQUEST)
        client = stream.client()
        stream.end()
        return client

    def _log(self, level: LogLevel, message: bytes) -> None:
        self._recorder.add(Log(level, message))


def _bring(stream: HttpStream, direction: StreamType, message: Message) -> None:
    """Bring a message as HTTP/1.1 does: the body in pieces, its end behind them."""
    stream.headers(direction, message.headers, end=not (message.pieces or message.trailers))
    for piece in message.pieces:
        stream.data(direction, piece, end=False)
    if message.trailers:
        stream.trailers(direction, message.trailers)
    elif message.pieces:
        stream.data(direction, b"", end=True)
