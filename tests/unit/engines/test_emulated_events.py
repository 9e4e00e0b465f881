"""A scenario brought to the host of this project, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from function_guest import FunctionGuest
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.emulated import EmulatedEngine
from wasmkit.engines.engine import Log, Scenario, Trap, Wire
from wasmkit.host.protocol import GuestTrapError
from wasmkit.host.threads import Starts
from wasmkit.host.world import World
from wasmkit.http.message import Message
from wasmkit.plugin import PluginConfig

if TYPE_CHECKING:
    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.plugin import VmConfig

PROXIED = ((b"x-forwarded-proto", b"http"),)
GET = Message.request(b"GET", b"/", authority=b"a.test", headers=PROXIED)
OK = Message.response(200, ((b"content-length", b"2"),), b"ok")


class FunctionEngine(EmulatedEngine):
    """Its guests are functions; ``guests`` are those that were made."""

    name = "functions"

    def __init__(self, *, starts: Starts = Starts.WORKER) -> None:
        self.guests: list[FunctionGuest] = []
        self.world = World(now=0, seed=1)
        super().__init__(PluginConfig(configuration=b"C"), starts=starts, world=self.world)

    def _make_guest(
        self, vm: VmConfig, calls: Calls, limits: Limits, tracer: Tracer | None
    ) -> FunctionGuest:
        del vm
        guest = FunctionGuest(calls, limits, tracer)
        guest.scripts["configure"] = self._configure
        guest.answer = 0
        guest.scripts["vm_start"] = lambda *_: 1
        self.guests.append(guest)
        return guest

    def _configure(self, *_: int) -> int:
        self.guests[-1].calls.log(LogLevel.INFO, b"hello")
        return 1

    @property
    def guest(self) -> FunctionGuest:
        return self.guests[-1]


@pytest.mark.parametrize(("starts", "count"), [(Starts.WORKER, 1), (Starts.ENVOY, 3)])
def test_a_start_is_heard_once(starts: Starts, count: int) -> None:
    with FunctionEngine(starts=starts) as engine:
        assert len(engine.guests) == count
        assert engine.startup_logs == (Log(LogLevel.INFO, b"hello"),)
        assert engine.startup_events == engine.startup_logs, "calls are not traced"


def test_what_happened_stands_in_its_order() -> None:
    with FunctionEngine() as engine:
        calls = engine.guest.calls

        def say(*arguments: int) -> int:
            calls.log(LogLevel.INFO, b"%d" % len(arguments))
            return 0

        engine.guest.scripts |= {"request_headers": say, "log": say}
        events = engine.play(Scenario(GET, OK)).events
    upstream, client = events[1], events[3]
    assert isinstance(upstream, Wire)
    assert isinstance(client, Wire)
    assert events == (
        Log(LogLevel.INFO, b"3"),
        upstream,
        Log(LogLevel.INFO, b"1"),
        client,
    )
    assert (upstream.side, client.side) == ("upstream", "client")
    assert client.message is not None
    assert client.message.body == b"ok"


def test_a_trap_is_told_once() -> None:
    with FunctionEngine() as engine:

        def fail(*_: int) -> int:
            raise GuestTrapError("why")

        engine.guest.scripts["request_headers"] = fail
        first, second = (engine.play(Scenario(GET, OK)) for _ in range(2))
    assert (first.trap, second.trap) == ("why", "")
    assert Trap("why") in first.events
    for outcome in (first, second):
        assert outcome.client is not None
        assert outcome.client.status == 503
        assert outcome.upstream is None


def test_an_upstream_that_hangs_up() -> None:
    with FunctionEngine() as engine:
        outcome = engine.play(Scenario(GET, None))
    assert outcome.upstream is not None
    assert outcome.client is not None
    assert outcome.client.status == 503


def test_a_response_to_head_has_no_body() -> None:
    head = Message.request(b"HEAD", b"/", authority=b"a.test", headers=PROXIED)
    with FunctionEngine() as engine:
        outcome = engine.play(Scenario(head, OK))
    assert "response_body" not in {name for name, *_ in engine.guest.said}
    assert outcome.client is not None
    assert outcome.client.body == b""


def test_a_body_comes_in_its_pieces_and_ends_behind_them() -> None:
    head = Message.request(b"POST", b"/", authority=b"a.test", headers=PROXIED).headers
    post = Message(head, (b"ab", b"c"))
    with FunctionEngine() as engine:
        outcome = engine.play(Scenario(post, OK))
    bodies = [rest for name, *rest in engine.guest.said if name == "request_body"]
    assert bodies == [[2, 2, 0], [2, 1, 0], [2, 0, 1]]
    assert outcome.upstream is not None
    assert outcome.upstream.body == b"abc"


@pytest.mark.parametrize("phase", ["request_headers", "response_headers"])
def test_a_stream_that_stands_still_is_given_up(phase: str) -> None:
    with FunctionEngine() as engine:
        engine.guest.scripts[phase] = lambda *_: 1
        outcome = engine.play(Scenario(GET, OK))
        assert outcome.client is None
        assert [name for name, *_ in engine.guest.said[-3:]] == ["log", "done", "delete"]


def test_a_timer_frees_a_stream_at_once() -> None:
    with FunctionEngine() as engine:
        calls = engine.guest.calls

        def stop(*_: int) -> int:
            calls.set_tick_period_milliseconds(3_600_000)
            return 1

        def tick(*_: int) -> int:
            calls.set_effective_context(2)
            calls.continue_stream(0)
            return 0

        engine.guest.scripts |= {"request_headers": stop, "tick": tick}
        outcome = engine.play(Scenario(GET, OK))
    assert outcome.client is not None
    assert engine.world.now == 3_600_000_000_000 + 1_000_000, "an hour, and the upstream's answer"


def test_a_timer_that_frees_nothing_is_not_waited_for_for_ever() -> None:
    with FunctionEngine() as engine:

        def stop(*_: int) -> int:
            engine.guest.calls.set_tick_period_milliseconds(1)
            return 1

        engine.guest.scripts["request_headers"] = stop
        assert engine.play(Scenario(GET, OK)).client is None
        assert 1000 <= len([1 for name, *_ in engine.guest.said if name == "tick"]) <= 4000
