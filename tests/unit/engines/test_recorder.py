"""What an engine observes becomes one ordered list."""

from __future__ import annotations

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Callback, HostCall, Log
from wasmkit.engines.recorder import Recorder

LINE = Log(LogLevel.INFO, b"hello")


def test_a_call_stands_before_what_happened_in_it() -> None:
    recorder = Recorder()
    recorder.callback("proxy_on_request_headers", (2, 8, 1))
    recorder.host_call("proxy_log", (2, 1024, 5))
    recorder.add(LINE)
    recorder.returned("proxy_log", 0)
    recorder.returned("proxy_on_request_headers", 1)
    assert recorder.take() == (
        Callback(2, "proxy_on_request_headers", (8, 1), 1),
        HostCall("proxy_log", (2, 1024, 5), 0),
        LINE,
    )
    assert recorder.take() == ()


def test_what_trapped_has_no_result() -> None:
    recorder = Recorder()
    recorder.callback("proxy_on_tick", (1,))
    recorder.callback("proxy_on_http_call_response", (1, 4, 0, 0, 0))
    recorder.host_call("proxy_done", ())
    recorder.returned("proxy_on_tick", 7)
    assert recorder.take() == (
        Callback(1, "proxy_on_tick", (), 7),
        Callback(1, "proxy_on_http_call_response", (4, 0, 0, 0), None),
        HostCall("proxy_done", (), None),
    )


def test_starting_and_allocating_are_left_out() -> None:
    recorder = Recorder()
    recorder.callback("_initialize", ())
    recorder.returned("_initialize", None)
    recorder.host_call("proxy_get_property", (8, 1, 0, 4))
    for name in ("malloc", "proxy_on_memory_allocate"):
        recorder.callback(name, (16,))
        recorder.returned(name, 1024)
    recorder.returned("proxy_get_property", 0)
    assert recorder.take() == (HostCall("proxy_get_property", (8, 1, 0, 4), 0),)
