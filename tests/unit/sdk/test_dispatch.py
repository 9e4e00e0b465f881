from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from sdkhost import ROOT, MemoryHost, Vm
from wasmkit.sdk import Action, Body, Headers, HttpFilter, RootContext, _dispatch

BASE = {
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_delete",
}


@dataclass
class Config:
    header: str = "x-hello"
    value: str = "world"


class Hello(HttpFilter[Config]):
    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
        headers[self.config.header] = self.config.value


def test_the_readmes_filter_sets_its_header() -> None:
    vm = Vm(Hello, b'{"value": "you"}')
    vm.host.maps[2] = [(":status", "200")]
    stream = vm.stream()
    assert vm.call("response_headers", stream, 1, 0) == 0
    assert vm.host.maps[2] == [(":status", "200"), ("x-hello", "you")]


def test_only_what_the_class_overrides_is_called() -> None:
    assert set(Vm(Hello).callbacks) == BASE | {"proxy_on_response_headers"}


class Whole(HttpFilter[None]):
    def on_request_body_complete(self, body: Body) -> None: ...


class Log(HttpFilter[None]):
    def on_log(self) -> None: ...


class Done(HttpFilter[None]):
    def on_done(self) -> None: ...


class Changes(HttpFilter[None]):
    changes_response_body = True

    def on_response_body(self, body: Body, end_of_stream: bool) -> None: ...


class Ticker(RootContext[None]):
    def on_tick(self) -> None: ...

    def on_done(self) -> bool:
        return False


class Ticking(HttpFilter[None, Ticker]): ...


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        pytest.param(
            Whole,
            {"proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers"},
            id="whole body",
        ),
        pytest.param(Log, {"proxy_on_log"}, id="log"),
        pytest.param(Done, {"proxy_on_done"}, id="done"),
        pytest.param(
            Changes, {"proxy_on_response_headers", "proxy_on_response_body"}, id="changed body"
        ),
        pytest.param(Ticking, {"proxy_on_tick", "proxy_on_done"}, id="root hooks"),
    ],
)
def test_exports_follow_the_hooks(kind: type[HttpFilter[Any, Any]], names: set[str]) -> None:
    callbacks = Vm(kind).callbacks
    assert set(callbacks) == BASE | names
    order = [name for name in _dispatch.CALLBACK_NAMES if name in callbacks]
    assert list(callbacks) == order


# Pausing


class Pauses(HttpFilter[None]):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action:
        return Action.PAUSE

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> Action:
        return Action.CONTINUE


def test_an_action_is_the_abis_number() -> None:
    vm = Vm(Pauses)
    stream = vm.stream()
    assert vm.call("request_headers", stream, 0, 1) == 1
    assert vm.call("response_headers", stream, 0, 1) == 0


class Waiting(RootContext[None]):
    def __init__(self) -> None:
        self.waiting: list[HttpFilter[Any, Any]] = []

    def on_configure(self) -> None:
        self.set_tick_period(0.25)

    def on_tick(self) -> None:
        for stream in self.waiting:
            stream.resume_request()
            stream.resume_response()
        self.set_tick_period(0)


class Waits(HttpFilter[None, Waiting]):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action:
        self.root.waiting.append(self)
        return Action.PAUSE


def test_a_timer_resumes_streams_in_their_own_context() -> None:
    vm = Vm(Waits)
    first, second = vm.stream(), vm.stream()
    for stream in (first, second):
        assert vm.call("request_headers", stream, 0, 1) == 1
    vm.call("tick", ROOT)
    assert vm.host.continued == [(first, 0), (first, 1), (second, 0), (second, 1)]
    assert vm.host.ticks == [(ROOT, 250), (ROOT, 0)]


# Whole bodies


class Shout(HttpFilter[None]):
    changes_request_body = True

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        self.calls.append(f"headers {headers.get('content-length')} {end_of_stream}")

    def on_request_body_complete(self, body: Body) -> None:
        self.calls.append(f"body {body.read().decode()}")
        if body:
            body.replace(body.read().upper() + b"!")

    def on_request_trailers(self, trailers: Headers) -> None:
        self.calls.append(f"trailers {trailers['x-end']}")


def stream_object(vm: Vm, context: int) -> Any:
    bound: Any = vm.callbacks["proxy_on_context_create"]
    return bound.__self__.streams[context]


def test_a_whole_body_comes_once_and_can_be_changed() -> None:
    vm = Vm(Shout)
    vm.host.maps[0] = [(":method", "POST"), ("content-length", "5")]
    stream = vm.stream()
    assert vm.call("request_headers", stream, 2, 0) == 0
    assert vm.host.maps[0] == [(":method", "POST")]
    vm.host.buffers[0] = b"hel"
    assert vm.call("request_body", stream, 3, 0) == 1
    vm.host.buffers[0] = b"hello"
    assert vm.call("request_body", stream, 5, 0) == 1
    assert vm.call("request_body", stream, 5, 1) == 0
    assert vm.host.buffers[0] == b"HELLO!"
    assert stream_object(vm, stream).calls == ["headers 5 False", "body hello"]


def test_trailers_complete_a_body() -> None:
    vm = Vm(Shout)
    vm.host.maps |= {0: [], 1: [("x-end", "yes")]}
    vm.host.buffers[0] = b"hello"
    stream = vm.stream()
    vm.call("request_headers", stream, 0, 0)
    assert vm.call("request_body", stream, 5, 0) == 1
    assert vm.call("request_trailers", stream, 1) == 0
    assert vm.host.buffers[0] == b"HELLO!"
    assert stream_object(vm, stream).calls[1:] == ["body hello", "trailers yes"]


def test_trailers_without_body_complete_an_empty_one() -> None:
    vm = Vm(Shout)
    vm.host.maps |= {0: [], 1: [("x-end", "yes")]}
    stream = vm.stream()
    vm.call("request_headers", stream, 0, 0)
    assert vm.call("request_trailers", stream, 1) == 0
    assert stream_object(vm, stream).calls[1:] == ["body ", "trailers yes"]


def test_a_request_without_body_has_an_empty_one() -> None:
    vm = Vm(Shout)
    vm.host.maps[0] = [("content-length", "0")]
    stream = vm.stream()
    assert vm.call("request_headers", stream, 1, 1) == 0
    assert stream_object(vm, stream).calls == ["headers 0 True", "body "]
    assert vm.host.maps[0] == [("content-length", "0")]


class Refuses(HttpFilter[None]):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action:
        return self.send_response(403, body="no")

    def on_request_body_complete(self, body: Body) -> None:
        raise AssertionError("an answered request has no body hook")

    def on_response_body_complete(self, body: Body) -> None:
        logs.append(f"{self.reply_sent} {body.read().decode()}")


logs: list[str] = []


def test_after_a_reply_the_empty_body_is_not_shown_but_the_reply_is() -> None:
    logs.clear()
    vm = Vm(Refuses)
    vm.host.maps |= {0: [], 2: []}
    stream = vm.stream()
    assert vm.call("request_headers", stream, 0, 1) == 1
    assert vm.errors == []
    assert vm.call("response_headers", stream, 0, 0) == 0
    vm.host.buffers[1] = b"no"
    assert vm.call("response_body", stream, 2, 1) == 0
    assert logs == ["True no"]


@pytest.mark.parametrize("end", ["headers", "trailers"])
@pytest.mark.parametrize("who", ["first", "second", "both"])
def test_either_of_two_hooks_in_a_callback_pauses(who: str, end: str) -> None:
    class Two(HttpFilter[None]):
        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action | None:
            return Action.PAUSE if end_of_stream and who != "second" else None

        def on_request_body_complete(self, body: Body) -> Action | None:
            second = "second" if end == "headers" else "first"
            return Action.PAUSE if who in {second, "both"} else None

        def on_request_trailers(self, trailers: Headers) -> Action | None:
            return Action.PAUSE if who != "first" else Action.CONTINUE

    vm = Vm(Two)
    vm.host.maps |= {0: [], 1: []}
    stream = vm.stream()
    if end == "headers":
        assert vm.call("request_headers", stream, 0, 1) == 1
    else:
        assert vm.call("request_headers", stream, 0, 0) == 0
        assert vm.call("request_trailers", stream, 0) == 1


class Pieces(HttpFilter[None]):
    changes_response_body = True

    def on_response_body(self, body: Body, end_of_stream: bool) -> Action | None:
        self.ended = end_of_stream
        body.append(b"|")
        return None if end_of_stream else Action.PAUSE


def test_pieces_come_as_the_host_has_them() -> None:
    vm = Vm(Pieces)
    vm.host.maps[2] = []
    vm.host.buffers[1] = b"ab"
    stream = vm.stream()
    assert vm.call("response_body", stream, 2, 0) == 1
    assert vm.call("response_body", stream, 3, 1) == 0
    assert vm.host.buffers[1] == b"ab||"
    assert stream_object(vm, stream).ended is True


# Root contexts


class FailingRoot(RootContext[Config]):
    where = ""

    def __init__(self) -> None:
        self.check("__init__")

    def check(self, where: str) -> None:
        if where == self.where:
            raise OSError(where)

    def on_vm_start(self) -> None:
        self.check("on_vm_start")

    def on_configure(self) -> None:
        self.check("on_configure")

    def on_tick(self) -> None:
        self.check("on_tick")

    def on_done(self) -> bool:
        self.check("on_done")
        return False


class WithFailingRoot(HttpFilter[Config, FailingRoot]): ...


@pytest.mark.parametrize(
    ("where", "started", "configured"),
    [
        ("__init__", False, False),
        ("on_vm_start", False, True),
        ("on_configure", True, False),
        ("on_tick", True, True),
        ("on_done", True, True),
    ],
)
def test_failing_root_hooks_are_logged(
    monkeypatch: pytest.MonkeyPatch, where: str, started: bool, configured: bool
) -> None:
    monkeypatch.setattr(FailingRoot, "where", where)
    vm = Vm(WithFailingRoot)
    assert (vm.started, vm.configured) == (started, configured)
    vm.call("tick", ROOT)
    assert vm.call("done", ROOT) == (where in {"__init__", "on_done"})
    (text,) = vm.errors
    assert f"FailingRoot.{where} failed in context 1" in text
    assert f"OSError: {where}" in text


def test_a_root_that_is_not_done_says_so_later() -> None:
    class Root(RootContext[None]):
        def on_done(self) -> bool:
            return False

        def on_tick(self) -> None:
            self.done()

    class Filter(HttpFilter[None, Root]): ...

    vm = Vm(Filter)
    assert vm.call("done", ROOT) == 0
    assert vm.call("done", vm.stream()) == 1
    vm.call("tick", ROOT)
    assert vm.host.done == [ROOT]


def test_two_root_contexts_have_configurations_of_their_own() -> None:
    vm = Vm(Hello, b'{"value": "one"}')
    vm.host.buffers[7] = b'{"value": "two"}'
    vm.call("context_create", 50, 0)
    assert vm.call("configure", 50, 16) == 1
    vm.call("context_create", 60, 50)
    vm.host.maps[2] = []
    vm.call("response_headers", vm.stream(), 0, 1)
    vm.call("response_headers", 60, 0, 1)
    assert vm.host.maps[2] == [("x-hello", "two")]
    vm.call("delete", 50)
    vm.call("context_create", 61, 50)
    assert "KeyError: 50" in vm.errors[0]


def test_the_vms_configuration_can_be_read() -> None:
    class Root(RootContext[None]):
        def on_vm_start(self) -> None:
            self.read = self.vm_configuration

    class Filter(HttpFilter[None, Root]):
        def on_log(self) -> None:
            logs.append(self.root.read.decode())

    logs.clear()
    vm = Vm(Filter, host=MemoryHost(buffers={6: b"vm"}))
    vm.call("log", vm.stream())
    assert logs == ["vm"]


@pytest.mark.parametrize(
    ("configuration", "line"),
    [
        (b"{", "the configuration is refused: not JSON: "),
        (b'{"colour": 1}', "the configuration is refused: colour: unknown; known here: header, "),
    ],
)
def test_a_bad_configuration_is_one_critical_line(configuration: bytes, line: str) -> None:
    vm = Vm(Hello, configuration)
    assert (vm.started, vm.configured) == (True, False)
    ((level, text),) = vm.host.logs
    assert level == 5
    assert text.startswith(line)
    assert "\n" not in text


# Nothing is kept


def test_a_hundred_thousand_requests_leave_nothing_behind() -> None:
    class Root(RootContext[None]): ...

    class Filter(HttpFilter[None, Root]):
        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
            if self.context_id % 3 == 0:
                raise RuntimeError

        def on_log(self) -> None: ...

    vm = Vm(Filter)

    def serve(count: int) -> int:
        for _ in range(count):
            stream = vm.stream()
            vm.call("request_headers", stream, 1, 1)
            vm.end(stream)
            vm.host.logs.clear()
            vm.host.replies.clear()
        gc.collect()
        return sys.getallocatedblocks()

    before = serve(1000)
    assert serve(100_000) - before < 500


# What a filter may be


def test_what_is_no_filter_is_refused() -> None:
    with pytest.raises(TypeError, match=r"not a subclass of wasmkit\.sdk\.HttpFilter"):
        _dispatch.start(Config, on_error="close")  # type: ignore[arg-type]  # that is the test
    with pytest.raises(ValueError, match="neither 'close' nor 'open'"):
        _dispatch.start(Hello, on_error="shut")


def test_a_hook_that_does_not_exist_is_refused_where_it_is_written() -> None:
    with pytest.raises(
        TypeError, match=r"Typo\.on_request_header is not a hook.*on_request_headers"
    ):

        class Typo(HttpFilter[None]):
            def on_request_header(self, headers: Headers) -> None: ...

    with pytest.raises(TypeError, match=r"Root\.on_start is not a hook.*on_vm_start"):

        class Root(RootContext[None]):
            def on_start(self) -> None: ...


def test_a_body_comes_in_pieces_or_whole() -> None:
    with pytest.raises(TypeError, match="both on_response_body and on_response_body_complete"):

        class Both(HttpFilter[None]):
            def on_response_body(self, body: Body, end_of_stream: bool) -> None: ...

            def on_response_body_complete(self, body: Body) -> None: ...


AnyConfig = TypeVar("AnyConfig")


class Shared(HttpFilter[AnyConfig, Ticker]):
    def on_log(self) -> None:
        logs.append(repr(self.config))


class Concrete(Shared[Config]): ...


class Further(Concrete): ...


def test_a_configuration_class_is_found_through_base_classes() -> None:
    logs.clear()
    vm = Vm(Further)
    vm.call("log", vm.stream())
    assert logs == ["Config(header='x-hello', value='world')"]
    assert "proxy_on_tick" in vm.callbacks


def test_open_parameters_are_refused() -> None:
    with pytest.raises(TypeError, match="a class, not a variable"):
        _dispatch.start(Shared, on_error="close")

    class NoRoot(HttpFilter[None, Config]): ...  # type: ignore[type-var]  # that is the test

    with pytest.raises(TypeError, match=r"not a subclass of wasmkit\.sdk\.RootContext"):
        _dispatch.start(NoRoot, on_error="close")


def test_a_class_without_parameter_takes_no_configuration() -> None:
    class Plain(HttpFilter):  # type: ignore[type-arg]  # that is the test
        def on_log(self) -> None: ...

    assert Vm(Plain).configured
    assert Vm(Plain, b"{}").configured
    assert not Vm(Plain, b'{"a": 1}').configured
