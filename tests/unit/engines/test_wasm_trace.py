"""A module in a VM of its own: which profile holds, and what is traced."""

from __future__ import annotations

import pytest

from plugins import plugin_of
from scripted_guest import call, module
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Callback, HostCall, Log, Scenario
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import GuestModuleError
from wasmkit.http.message import Message
from wasmkit.profiles import envoy_profile

GET = Message.request(b"GET", b"/", authority=b"a.test", headers=((b"x-forwarded-proto", b"http"),))
SCENARIO = Scenario(GET, Message.response(204))


def test_calls_are_traced_on_request() -> None:
    data = module(request_headers=[call("proxy_log", 2, b"hi")], log=[])
    with WasmEngine(plugin_of(data), trace=True) as engine:
        traced = engine.play(SCENARIO).events
    with WasmEngine(plugin_of(data)) as engine:
        plain = engine.play(SCENARIO).events
    callback, host_call, line, upstream, log, client = traced
    assert callback == Callback(2, "proxy_on_request_headers", (6, 1), 0)
    assert isinstance(host_call, HostCall)
    assert (host_call.name, host_call.arguments[::2], host_call.result) == ("proxy_log", (2, 2), 0)
    assert line == Log(LogLevel.INFO, b"hi")
    assert log == Callback(2, "proxy_on_log", (), None)
    assert [type(event) for event in plain] == [type(each) for each in (line, upstream, client)]


def test_only_the_worker_is_traced() -> None:
    with WasmEngine(plugin_of(module(configure=[])), trace=True) as engine:
        assert engine.startup_events == (Callback(1, "proxy_on_configure", (0,), 1),)


def test_the_profile_decides_what_is_loaded() -> None:
    data = module(configure=[call("fd_sync", 1)])
    with WasmEngine(plugin_of(data), profile=envoy_profile("1.39")):
        pass
    with (
        pytest.raises(GuestModuleError, match="missing import"),
        WasmEngine(plugin_of(data), profile=envoy_profile("1.38")),
    ):
        pass
