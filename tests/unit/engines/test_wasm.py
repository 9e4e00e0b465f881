"""The wasm engine where no Envoy can be asked: its limits, and what is to come."""

from __future__ import annotations

import time

import pytest

from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from scripted_guest import call, forever, module, tell
from wasmkit.engines.wasm import WasmEngine
from wasmkit.host.limits import Limits
from wasmkit.traffic.model import Exchange

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


def test_functions_of_the_abi_that_are_to_come_say_so() -> None:
    calls = [
        tell("proxy_define_metric", 0, b"m", 8),
        tell("proxy_get_shared_data", b"k", 8, 12, 16),
        tell("proxy_call_foreign_function", b"f", b"", 8, 12),
    ]
    with WasmEngine(plugin_of(module(configure=calls))) as engine:
        assert [line.message for line in engine.startup_logs] == [b"c", b"c", b"c"]
