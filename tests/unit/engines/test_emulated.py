"""What comes of exchanges on this host; against Envoy: tests/functional/test_engines_agree.py."""

from __future__ import annotations

import pytest

from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from scripted_guest import call, module, returns, trap
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import InputError
from wasmkit.traffic.model import Exchange

GET = Exchange(
    a_request("GET", "http", "a.test", "/"), a_response(200, (("content-length", "2"),), b"ok")
)
POST = Exchange(
    a_request("POST", "http", "a.test", "/", (("content-type", "application/json"),), b'{"a":'),
    a_response(200, (), b"ok"),
)


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


def test_thousands_of_exchanges_leave_nothing_behind() -> None:
    data = module(request_headers=[call("proxy_set_property", b"a", b"b" * 100)])
    with WasmEngine(plugin_of(data)) as engine:
        for _ in range(2000):
            assert answer_of(play(engine, GET)).status == 200
        assert len(engine._plugin.vm._contexts) == 2
