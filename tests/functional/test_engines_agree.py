"""The host of this project against stock Envoy: the same module, the same exchanges, one outcome.

Each case is a module that does one thing, or asks one question of its host and logs the answer.
Nothing is written here about what the outcome is: Envoy says it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agreement.streams import BODIES, CLOSES, ORDER, PAUSES, REPLIES, TRAPS
from agreement.values import HEADERS, OTHERS, PROPERTY_CASES, SPECIAL
from messages import play
from plugins import plugin_of
from scripted_guest import call, module, returns, trap
from toolneeds import need_module
from wasmkit.engines.engine import Log, Outcome, Trap
from wasmkit.engines.envoy import EnvoyEngine
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import GuestModuleError
from wasmkit.replay.normal import normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from agreement.parts import Case
    from wasmkit.engines.engine import Event

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
        "other": OTHERS,
    }.items()
    for name, case in cases.items()
}

# Drawn anew by each engine.
_VOLATILE = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def steady(outcome: Outcome) -> Outcome:
    """Return what must be equal: wasmtime and V8 count positions in a function differently.

    A trap stands behind the rest: a guest whose malloc traps in a host call goes on in both, but
    Envoy tells of the trap at once.
    """
    events = tuple(map(_steady, normalise(outcome).events))
    return Outcome(tuple(sorted(events, key=lambda event: isinstance(event, Trap))))


def _steady(event: Event) -> Event:
    if isinstance(event, Log):
        return replace(event, message=_VOLATILE.sub(b"*", event.message))
    if isinstance(event, Trap):
        return replace(event, reason=event.reason.partition("\n")[0])
    if event.side == "upstream" or event.message is None:
        return event
    headers = tuple((name, _VOLATILE.sub(b"*", value)) for name, value in event.message.headers)
    return replace(event, message=replace(event.message, headers=headers))


def outcomes(
    make: Callable[..., WasmEngine | EnvoyEngine], case: Case, **options: float
) -> tuple[tuple[Log, ...], list[Outcome]]:
    plugin = plugin_of(
        case.module,
        configuration=b"CONF",
        vm_configuration=b"VM",
        name="plugin",
        root_id="root",
        fail_open=case.fail_open,
    )
    engine = make(plugin, **options)
    with engine:
        played = [steady(play(engine, exchange)) for exchange in case.exchanges]
        return engine.startup_logs, played


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_this_host_does_what_envoy_does(case: Case) -> None:
    need_module("envoy")
    ours = outcomes(WasmEngine, case)
    assert ours == outcomes(EnvoyEngine, case, exchange_seconds=1)


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
