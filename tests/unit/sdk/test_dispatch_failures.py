"""What a failing hook comes to."""

from __future__ import annotations

from typing import Any

import pytest

from sdkhost import MemoryHost, Vm
from wasmkit.sdk import Action, Body, Headers, HttpFilter, _host


class Fails(HttpFilter[None]):
    error: BaseException = RuntimeError("it broke")

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        raise self.error

    def on_request_body(self, body: Body, end_of_stream: bool) -> None:
        raise self.error

    def on_request_trailers(self, trailers: Headers) -> None:
        raise self.error

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
        raise self.error

    def on_response_body(self, body: Body, end_of_stream: bool) -> None:
        raise self.error

    def on_response_trailers(self, trailers: Headers) -> None:
        raise self.error

    def on_log(self) -> None:
        raise self.error

    def on_done(self) -> None:
        raise self.error


ARGUMENTS = {
    "request_headers": (1, 0),
    "request_body": (1, 0),
    "request_trailers": (1,),
    "response_headers": (1, 0),
    "response_body": (1, 0),
    "response_trailers": (1,),
    "log": (),
    "done": (),
}


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("on_error", ["close", "open"])
def test_a_failing_hook_ends_the_request_or_lets_it_pass(name: str, on_error: str) -> None:
    vm = Vm(Fails, on_error=on_error)
    stream, other = vm.stream(), vm.stream()
    result = vm.call(name, stream, *ARGUMENTS[name])
    (text,) = vm.errors
    assert text.startswith(f"Fails.on_{name} failed in context {stream}:\nTraceback (most recent")
    assert text.endswith("RuntimeError: it broke")
    assert "raise self.error" in text
    assert "wasmkit/sdk" not in text
    assert text.count("raise self.error") == 1
    for later, arguments in ARGUMENTS.items():
        vm.call(later, stream, *arguments)
    assert len(vm.errors) == 1
    answers = on_error == "close" and name in {
        "request_headers",
        "request_body",
        "request_trailers",
        "response_headers",
    }
    closes = on_error == "close" and name in {"response_body", "response_trailers"}
    assert [reply.status for reply in vm.host.replies] == [500] * answers
    assert vm.host.closed == [(stream, 1)] * closes
    assert result == {"log": None, "done": 1}.get(name, int(answers or closes))
    vm.call("request_headers", other, 1, 0)
    assert len(vm.errors) == 2, "the next request is served"


@pytest.mark.parametrize(
    "error",
    [RecursionError("deep"), MemoryError(), SystemExit(3), GeneratorExit()],
    ids=lambda error: type(error).__name__,
)
def test_whatever_python_raises_is_one_failed_request(error: BaseException) -> None:
    class Raises(Fails):
        pass

    Raises.error = error
    vm = Vm(Raises)
    assert vm.call("request_headers", vm.stream(), 1, 0) == 1
    assert [reply.status for reply in vm.host.replies] == [500]
    assert type(error).__name__ in vm.errors[0]


def test_ctrl_c_stops_a_native_run() -> None:
    class Raises(Fails):
        error = KeyboardInterrupt()

    vm = Vm(Raises)
    with pytest.raises(KeyboardInterrupt):
        vm.call("request_headers", vm.stream(), 1, 0)


class Deep(HttpFilter[None]):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        self.on_request_headers(headers, end_of_stream)


def test_endless_recursion_is_one_failed_request_with_a_short_log() -> None:
    vm = Vm(Deep)
    assert vm.call("request_headers", vm.stream(), 1, 0) == 1
    (text,) = vm.errors
    assert "frames left out" in text
    assert len(text) < 10_000
    assert "RecursionError" in text.rpartition("\n")[2]


class Broken(HttpFilter[None]):
    def __init__(self) -> None:
        raise LookupError("no such thing")

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None: ...


@pytest.mark.parametrize(("on_error", "result"), [("close", 1), ("open", 0)])
def test_a_stream_that_cannot_be_made_fails_once(on_error: str, result: int) -> None:
    vm = Vm(Broken, on_error=on_error)
    stream = vm.stream()
    assert "Broken.__init__ failed" in vm.errors[0]
    assert vm.call("response_headers", stream, 1, 0) == result
    assert len(vm.host.replies) == result
    assert vm.call("response_headers", stream, 1, 0) == 0
    assert len(vm.errors) == 1


class Answers(HttpFilter[None]):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        self.send_response(429)
        raise RuntimeError("after the answer")

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None: ...


class AnswersThenFails(HttpFilter[None]):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action:
        return self.send_response(429)

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
        raise RuntimeError("on its own answer")


@pytest.mark.parametrize("on_error", ["close", "open"])
def test_a_reply_stands_when_its_hook_fails_afterwards(on_error: str) -> None:
    vm = Vm(Answers, on_error=on_error)
    stream = vm.stream()
    assert vm.call("request_headers", stream, 1, 1) == 1
    assert vm.call("response_headers", stream, 1, 1) == 0
    assert [reply.status for reply in vm.host.replies] == [429]
    assert vm.host.closed == []


def test_a_failure_takes_the_place_of_its_own_reply() -> None:
    vm = Vm(AnswersThenFails)
    stream = vm.stream()
    vm.call("request_headers", stream, 1, 1)
    assert vm.call("response_headers", stream, 1, 1) == 1
    assert [reply.status for reply in vm.host.replies] == [429, 500]
    assert vm.host.closed == []


class NoReplies(MemoryHost):
    def proxy_send_local_response(
        self, status: int, details: str, body: bytes, pairs: bytes, grpc_status: int, /
    ) -> None:
        raise _host.HostError(10)


def test_where_no_answer_can_be_sent_the_stream_is_closed() -> None:
    vm = Vm(Fails, host=NoReplies())
    stream = vm.stream()
    assert vm.call("request_headers", stream, 1, 1) == 1
    assert vm.host.closed == [(stream, 1)]


@pytest.mark.parametrize("result", [True, 1, "pause", 7], ids=repr)
def test_a_hook_that_returns_anything_else_has_failed(result: Any) -> None:
    class Odd(HttpFilter[None]):
        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Any:
            return result

    vm = Vm(Odd)
    assert vm.call("request_headers", vm.stream(), 1, 1) == 1
    assert f"TypeError: a hook returns None or an Action, not {result!r}" in vm.errors[0]


class Mute(MemoryHost):
    def proxy_log(self, level: int, message: str, /) -> None:
        raise _host.HostError(1)

    def proxy_send_local_response(
        self, status: int, details: str, body: bytes, pairs: bytes, grpc_status: int, /
    ) -> None:
        raise _host.HostError(1)

    def proxy_close_stream(self, stream_type: int, /) -> None:
        raise _host.HostError(1)


def test_a_host_that_refuses_everything_gets_no_exception() -> None:
    vm = Vm(Fails, host=Mute())
    assert vm.call("request_headers", vm.stream(), 1, 0) == 1
