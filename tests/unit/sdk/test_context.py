from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sdkhost import ROOT, Reply, Vm
from wasmkit.sdk import Action, Headers, HttpFilter, RootContext

if TYPE_CHECKING:
    from collections.abc import Callable


class Plain(HttpFilter[None]):
    def on_log(self) -> None: ...


@pytest.fixture
def vm() -> Vm:
    return Vm(Plain)


@pytest.fixture
def stream(vm: Vm) -> Any:
    context = vm.stream()
    bound: Any = vm.callbacks["proxy_on_context_create"]
    return bound.__self__.streams[context]


# Local replies


def test_a_reply_has_all_its_parts(vm: Vm, stream: HttpFilter[None]) -> None:
    action = stream.send_response(
        429, [("Retry-After", "1"), ("x", "\udcff")], "später", details="too many", grpc_status=8
    )
    assert action is Action.PAUSE
    assert stream.reply_sent
    headers = [(b"Retry-After", b"1"), (b"x", b"\xff")]
    assert vm.host.replies == [Reply(2, 429, "too many", "später".encode(), headers, 8)]


def test_a_reply_needs_a_status_only(vm: Vm, stream: HttpFilter[None]) -> None:
    stream.send_response(204)
    stream.send_response(200, {"a": "b"}, b"\xff")
    assert vm.host.replies == [
        Reply(2, 204, "", b"", [], -1),
        Reply(2, 200, "", b"\xff", [(b"a", b"b")], -1),
    ]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(100, (), id="informational"),
        pytest.param(0, (), id="zero"),
        pytest.param(600, (), id="too high"),
        pytest.param(200, {"a": "b\r\nc: d"}, id="split"),
        pytest.param(200, {"a b": ""}, id="name"),
        pytest.param(200, [("a", "")] * 1025, id="too many"),
        pytest.param(200, {"a": "b" * 1024 * 1024}, id="too big"),
    ],
)
def test_a_reply_no_host_would_send(
    vm: Vm, stream: HttpFilter[None], status: int, headers: Any
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        stream.send_response(status, headers)
    assert vm.host.replies == []
    assert not stream.reply_sent


# Acting on another context than the running one


@pytest.mark.parametrize(
    ("act", "recorded"),
    [
        pytest.param(lambda s: s.resume_request(), "continued", id="resume_request"),
        pytest.param(lambda s: s.resume_response(), "continued", id="resume_response"),
        pytest.param(lambda s: s.close_stream(), "closed", id="close"),
        pytest.param(lambda s: s.root.set_tick_period(1), "ticks", id="tick"),
    ],
)
def test_an_act_is_done_in_its_own_context(
    vm: Vm, stream: Any, act: Callable[[Any], None], recorded: str
) -> None:
    vm.call("log", vm.stream())
    act(stream)
    ((context, _),) = getattr(vm.host, recorded)
    assert context == (ROOT if recorded == "ticks" else stream.context_id)


def test_no_switch_where_none_is_needed(vm: Vm, stream: Any) -> None:
    vm.call("log", stream.context_id)
    vm.host.context = 77
    stream.resume_request()
    assert vm.host.continued == [(77, 0)]


@pytest.mark.parametrize("seconds", [-1, 0.0001, 5_000_000, float("inf"), float("nan")])
def test_a_tick_period_has_limits(stream: HttpFilter[None], seconds: float) -> None:
    with pytest.raises(ValueError, match="below 1 ms or above 49 days"):
        stream.root.set_tick_period(seconds)


# Parts of a class


def test_on_log_has_the_headers_of_both_sides() -> None:
    seen = []

    class Logs(HttpFilter[None]):
        def on_log(self) -> None:
            seen.append((self.request_headers["a"], self.response_headers["b"]))
            seen.append((self.request_trailers["c"], self.response_trailers["d"]))

    vm = Vm(Logs)
    vm.host.maps |= {0: [("a", "1")], 1: [("c", "3")], 2: [("b", "2")], 3: [("d", "4")]}
    vm.call("log", vm.stream())
    assert seen == [("1", "2"), ("3", "4")]


def test_the_hooks_of_the_base_do_nothing() -> None:
    stream: Any = object.__new__(HttpFilter)
    root: Any = object.__new__(RootContext)
    for kind, instance in ((HttpFilter, stream), (RootContext, root)):
        for name in vars(kind):
            if name.startswith("on_"):
                hook = getattr(instance, name)
                assert hook(*[None] * (hook.__code__.co_argcount - 1)) is None


def test_a_streams_init_sees_its_configuration_and_root() -> None:
    class Root(RootContext[list[str]]):
        def __init__(self) -> None:
            self.streams: list[int] = []

    class Filter(HttpFilter[list[str], Root]):
        def __init__(self) -> None:
            self.root.streams.append(self.context_id)
            self.first = self.config[0]

        def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
            headers["x-first"] = f"{self.first} {self.root.streams}"

    vm = Vm(Filter, b'["one"]')
    vm.host.maps[2] = []
    vm.call("response_headers", vm.stream(), 0, 1)
    assert vm.host.maps[2] == [("x-first", "one [2]")]
