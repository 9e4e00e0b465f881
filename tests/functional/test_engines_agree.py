"""The host of this project against stock Envoy: the same module, the same exchanges, one outcome.

Each case is a module that does one thing, or asks one question of its host and logs the answer.
Compared is everything in its order: callbacks and host calls with their arguments (addresses too:
both hosts allocate the same things in the same order) and results, log lines, what client and
upstream saw. Nothing is written here about what the outcome is: Envoy says it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agreement.streams import BODIES, CLOSES, ORDER, PAUSES, REPLIES, TRAPS
from agreement.times import CLOCKS, GIVEN_UP, TICKS
from agreement.values import HEADERS, OTHERS, PROPERTY_CASES, SPECIAL
from conformance.envoys import envoy_of
from messages import play
from plugins import plugin_of
from scripted_guest import call, module, returns, trap
from toolneeds import need_module
from wasmkit.engines.engine import Callback, HostCall, Log, Outcome, Trap
from wasmkit.engines.envoy import EnvoyEngine
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import GuestModuleError
from wasmkit.profiles import envoy_profile, release_of
from wasmkit.replay.normal import normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from agreement.parts import Case
    from wasmkit.engines.engine import Event
    from wasmkit.traffic.model import Exchange

pytestmark = pytest.mark.envoy

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "order": ORDER,
        "local reply": REPLIES,
        "trap": TRAPS,
        "close": CLOSES,
        "pause": PAUSES,
        "body": BODIES,
        "headers": HEADERS,
        "special headers": SPECIAL,
        "property": PROPERTY_CASES,
        "clock": CLOCKS,
        "tick": TICKS,
        "given up": GIVEN_UP,
        "other": OTHERS,
    }.items()
    for name, case in cases.items()
}

ENVOYS = ("1.36.4", "1.40.0")
"""The oldest and the newest for which this project answers."""

# Drawn anew by each engine.
_VOLATILE = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def steady(outcome: Outcome, sent: Exchange) -> Outcome:
    """Return what must be equal: wasmtime and V8 count positions in a function differently.

    A trap stands behind the rest: a guest whose malloc traps in a host call goes on in both, but
    Envoy tells of the trap at once. A body that comes in pieces of the sockets' choosing is seen
    in as many callbacks as they like.
    """
    events = map(_steady, normalise(outcome).events)
    kept = [each for each in events if not (in_pieces(sent) and shows_a_piece(each))]
    return Outcome(tuple(sorted(kept, key=lambda event: isinstance(event, Trap))))


def in_pieces(sent: Exchange) -> bool:
    """Whether a body is larger than what is read from a socket at once."""
    messages = (sent.request, sent.response)
    return any(message is not None and len(message.body) > 500_000 for message in messages)


def shows_a_piece(event: Event) -> bool:
    names = ("proxy_on_request_body", "proxy_on_response_body")
    return isinstance(event, Callback) and event.name in names


def _steady(event: Event) -> Event:
    if isinstance(event, Log):
        return replace(event, message=_VOLATILE.sub(b"*", event.message))
    if isinstance(event, Trap):
        return replace(event, reason=event.reason.partition("\n")[0])
    if isinstance(event, Callback | HostCall):
        return event
    if event.side == "upstream" or event.message is None:
        return event
    headers = tuple((name, _VOLATILE.sub(b"*", value)) for name, value in event.message.headers)
    return replace(event, message=replace(event.message, headers=headers))


def outcomes(
    make: Callable[..., WasmEngine | EnvoyEngine], case: Case, **options: Any
) -> tuple[tuple[Event, ...], list[Outcome]]:
    plugin = plugin_of(
        case.module,
        configuration=b"CONF",
        vm_configuration=b"VM",
        name="plugin",
        root_id="root",
        fail_open=case.fail_open,
    )
    with make(plugin, trace=True, **options) as engine:
        played = [steady(play(engine, each), each) for each in case.exchanges]
        return tuple(map(_steady, engine.startup_events)), played


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("version", ENVOYS)
def test_this_host_does_what_envoy_does(case: Case, version: str) -> None:
    need_module("envoy")
    if version < case.since:
        return
    envoy = envoy_of(version)
    ours = outcomes(WasmEngine, case, profile=envoy_profile(release_of(version)))
    assert ours == outcomes(EnvoyEngine, case, envoy=envoy, exchange_seconds=1)


REFUSED = {
    "vm_start says no": module(vm_start=[call("proxy_log", 4, b"my reason"), returns(0)]),
    "configure says no": module(configure=[call("proxy_log", 4, b"my\nreason"), returns(0)]),
    "configure traps": module(configure=[call("proxy_log", 4, b"my reason"), trap]),
    "a trap at the start": module(_initialize=[trap]),
    "a restricted call": module(_initialize=[call("proxy_set_tick_period_milliseconds", 1)]),
    "an exit at the start": module(_start=[call("proc_exit", 3)]),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_this_host_refuses_as_envoy_does(data: bytes) -> None:
    need_module("envoy")
    with pytest.raises(GuestModuleError) as ours, WasmEngine(plugin_of(data)):
        pass
    with pytest.raises(GuestModuleError) as envoys, EnvoyEngine(plugin_of(data)):
        pass
    assert ours.value.hint == envoys.value.hint
    reason = str(envoys.value).partition("\n")[0].removeprefix("Envoy refuses the filter: ")
    assert str(ours.value).startswith(reason)
