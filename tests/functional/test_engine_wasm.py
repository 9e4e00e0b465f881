"""The wasm engine where no Envoy can be asked: limits, later outcomes, real Python filters."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from scripted_guest import call, forever, module, returns, tell, trap
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log
from wasmkit.engines.native import NativeEngine
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import InputError
from wasmkit.host.limits import Limits
from wasmkit.project import load_project
from wasmkit.replay.normal import normalise
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange

FILTERS = Path(__file__).resolve().parents[2] / "filters"
GET = Exchange(
    a_request("GET", "http", "a.test", "/"), a_response(200, (("content-length", "2"),), b"ok")
)
POST = Exchange(
    a_request("POST", "http", "a.test", "/", (("content-type", "application/json"),), b'{"a":'),
    a_response(200, (), b"ok"),
)


@pytest.mark.parametrize("where", ["request_headers", "response_headers", "log"])
def test_an_endless_loop_is_an_outcome(where: str) -> None:
    limits = Limits(callback_seconds=0.2)
    began = time.monotonic()
    with WasmEngine(plugin_of(module({where: [forever()]})), limits=limits) as engine:
        first, second = play(engine, GET), play(engine, GET)
    assert first.trap.startswith(f"proxy_on_{where} failed: it ran longer than a callback may")
    assert answer_of(first).status == (200 if where == "log" else 503)
    assert (answer_of(second).status, second.trap) == (503, "")
    assert time.monotonic() - began < 20


def test_a_flood_of_headers_is_an_outcome() -> None:
    add = call("proxy_add_header_map_value", 0, b"x", b"y" * 1000)
    limits = Limits(host_bytes=1_000_000)
    with WasmEngine(plugin_of(module(request_headers=[forever(add)])), limits=limits) as engine:
        outcome = play(engine, GET)
    assert "made the host keep more than 1,000,000 bytes" in outcome.trap
    assert answer_of(outcome).status == 503


def test_each_exchange_has_the_whole_budget() -> None:
    limits = Limits(host_bytes=10_000)
    with WasmEngine(
        plugin_of(module(request_headers=[call("proxy_log", 2, b"x" * 6000)])), limits=limits
    ) as engine:
        assert [play(engine, GET).trap for _ in range(5)] == [""] * 5


def test_a_stream_that_ticks_never_free_is_given_up() -> None:
    tick = module(
        configure=[call("proxy_set_tick_period_milliseconds", 1)],
        tick=[],
        request_headers=[returns(1)],
    )
    with WasmEngine(plugin_of(tick)) as engine:
        assert play(engine, GET).client is None


def test_an_open_failure_policy_lets_later_requests_pass() -> None:
    with WasmEngine(plugin_of(module(request_headers=[trap]), fail_open=True)) as engine:
        assert [answer_of(play(engine, GET)).status for _ in range(3)] == [503, 200, 200]


def test_logs_belong_to_their_exchange() -> None:
    data = module(
        configure=[call("proxy_log", 3, b"start")],
        request_headers=[call("proxy_log", 1, b"one")],
        delete=[call("proxy_log", 2, b"gone")],
    )
    with WasmEngine(plugin_of(data)) as engine:
        assert engine.startup_logs == (Log(LogLevel.WARN, b"start"),)
        logs = (Log(LogLevel.DEBUG, b"one"), Log(LogLevel.INFO, b"gone"))
        assert [play(engine, GET).logs, play(engine, GET).logs] == [logs, logs]


def test_an_exchange_that_http_cannot_carry_is_refused() -> None:
    tunnel = Exchange(a_request("CONNECT", "http", "a.test:443", ""), a_response(200))
    with WasmEngine(plugin_of(module())) as engine:
        with pytest.raises(InputError, match="tunnels"):
            play(engine, tunnel)
        assert answer_of(play(engine, GET)).status == 200


def test_functions_of_the_abi_that_are_to_come_say_so() -> None:
    calls = [
        tell("proxy_define_metric", 0, b"m", 8),
        tell("proxy_get_shared_data", b"k", 8, 12, 16),
        tell("proxy_call_foreign_function", b"f", b"", 8, 12),
    ]
    with WasmEngine(plugin_of(module(configure=calls))) as engine:
        assert [line.message for line in engine.startup_logs] == [b"c", b"c", b"c"]


def test_thousands_of_exchanges_leave_nothing_behind() -> None:
    data = module(request_headers=[call("proxy_set_property", b"a", b"b" * 100)])
    with WasmEngine(plugin_of(data)) as engine:
        for _ in range(2000):
            assert answer_of(play(engine, GET)).status == 200
        assert len(engine._plugin.vm._contexts) == 2


@pytest.mark.parametrize("name", ["security-headers", "json-check"])
def test_a_python_filter_does_the_same_as_a_module_and_as_python(name: str) -> None:
    project = load_project(FILTERS / name)
    configuration = json.dumps(project.config.example).encode()
    data = build(project)
    exchanges = (GET, POST, GET)
    with NativeEngine(project, project.plugin_config(b"", configuration)) as native:
        expected = [normalise(play(native, exchange)) for exchange in exchanges]
    with WasmEngine(project.plugin_config(data, configuration)) as wasm:
        assert [normalise(play(wasm, exchange)) for exchange in exchanges] == expected
