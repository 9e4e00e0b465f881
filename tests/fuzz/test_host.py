"""Whatever a guest asks of the host, and whatever is given to it as a module: no other error."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from scripted_guest import OUT, call, module, returns, tell
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import GuestModuleError
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.limits import Limits
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig
from wasmkit.traffic.model import Exchange

FUNCTIONS = sorted(name for name, row in HOST_FUNCTIONS.items() if "0.2.1" in row.versions)
LIMITS = Limits(callback_seconds=1.0, host_bytes=1 << 20)
CALLBACKS = (
    *("request_headers", "request_body", "request_trailers"),
    *("response_headers", "response_body", "response_trailers"),
    *("configure", "log", "done", "delete", "tick"),
)
EXCHANGES = [
    Exchange(
        a_request("POST", "http", "a.test", "/", (("x", "1"),), b"body", (("t", "1"),)),
        a_response(200, (("y", "1"),), b"body", (("u", "1"),)),
    ),
    Exchange(a_request("GET", "http", "a.test", "/"), None),
    Exchange(a_request("HEAD", "http", "a.test", "/"), a_response(304)),
]

numbers = st.one_of(
    st.integers(0, 10),
    st.sampled_from([200, 403, 1024, 65535, 65536, 160 * 65536 - 4, 160 * 65536, 2**31 - 1, -1]),
    st.integers(-(2**31), 2**31 - 1),
)


@st.composite
def host_calls(draw: st.DrawFn) -> object:
    name = draw(st.sampled_from(FUNCTIONS))
    arguments = [draw(numbers) for _ in HOST_FUNCTIONS[name].integers]
    return call(name, *arguments)


# Calls that mean something come often enough to reach deep states.
sensible = st.one_of(
    st.builds(
        lambda kind, name, value: call("proxy_replace_header_map_value", kind, name, value),
        st.integers(0, 3),
        st.sampled_from([b":status", b":path", b":method", b"host", b"content-length", b"x", b""]),
        st.sampled_from([b"", b"0", b"204", b"99999999999999999999", b"GET", b"HEAD", b"\n", b"/"]),
    ),
    st.builds(
        lambda kind, start, size, data: call("proxy_set_buffer_bytes", kind, start, size, data),
        st.integers(0, 8),
        numbers,
        numbers,
        st.binary(max_size=20),
    ),
    st.builds(lambda kind: call("proxy_continue_stream", kind), st.integers(0, 4)),
    st.builds(lambda kind: call("proxy_close_stream", kind), st.integers(0, 4)),
    st.builds(
        lambda status, body: call("proxy_send_local_response", status, b"d", body, b"", -1),
        st.sampled_from([200, 204, 403, 0, 99, 100, -1]),
        st.sampled_from([b"", b"no"]),
    ),
    st.builds(lambda path: tell("proxy_get_property", path, OUT), st.binary(max_size=30)),
    st.builds(lambda path: call("proxy_set_property", path, b"v"), st.binary(max_size=30)),
    st.builds(lambda pairs: call("proxy_set_header_map_pairs", 2, pairs), st.binary(max_size=40)),
    st.builds(returns, st.integers(-1, 6)),
)
scripts = st.dictionaries(
    st.sampled_from(CALLBACKS), st.lists(st.one_of(sensible, host_calls()), max_size=6), max_size=6
)


@settings(max_examples=150, deadline=None)
@given(scripts)
def test_any_calls_in_any_callback_end_in_outcomes(script: dict[str, list[object]]) -> None:
    data = module(script)  # type: ignore[arg-type]  # steps, whose type is private
    with suppress(GuestModuleError), WasmEngine(plugin_of(data), limits=LIMITS) as engine:
        for exchange in EXCHANGES:
            outcome = play(engine, exchange)
            assert outcome.client is None or 100 <= answer_of(outcome).status <= 999


GOOD = module(
    _initialize=[call("proxy_log", 2, b"hello")], configure=[call("proxy_get_log_level", 8)]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_module_is_refused_or_runs(damage: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, byte in damage:
        data[at] = byte
    limits = Limits(callback_seconds=0.1, memory_bytes=64 << 20, host_bytes=100_000)
    with suppress(GuestModuleError):
        vm = Vm(VmConfig(), partial(WasmGuest, bytes(data)), World(), limits=limits)
        with suppress(GuestModuleError), vm:
            Plugin(vm, PluginConfig()).start()
