"""A hook for the whole body falls due in a callback that depends on how the message ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sdkhost import MemoryHost
from wasmkit.abi.constants import Action
from wasmkit.sdk import Body, Headers, HttpFilter, _host
from wasmkit.sdk._sides import REQUEST, RESPONSE, Side, own_hook

if TYPE_CHECKING:
    from collections.abc import Callable


class Stream:
    """What the hooks of a side need of a stream, and a list of what was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.reply_sent = False

    def seen(self, what: str, answer: Action | None = None, *, reply: bool = False) -> Any:
        self.calls.append(what)
        self.reply_sent = self.reply_sent or reply
        return answer


def filter_class(
    *hooks: str, changes: bool = False, answers: dict[str, Any] | None = None, reply: str = ""
) -> Any:
    """Make a filter class with these hooks, which note that they were called."""
    answers = answers or {}

    def hook(name: str) -> Callable[..., Any]:
        def call(stream: Stream, *arguments: Any) -> Any:
            size = f" {len(arguments[0])}" if isinstance(arguments[0], Body) else ""
            return stream.seen(name + size, answers.get(name), reply=name == reply)

        return call

    members: dict[str, Any] = {f"on_{name}": hook(name) for name in hooks}
    members |= {"changes_request_body": changes, "changes_response_body": changes}
    return type("Made", (HttpFilter,), members)


@pytest.fixture(params=[REQUEST, RESPONSE], ids=["request", "response"])
def side(request: pytest.FixtureRequest) -> Side:
    found: Side = request.param
    return found


@pytest.fixture
def host(side: Side) -> MemoryHost:
    numbers = {"request": (0, 1), "response": (2, 3)}[side.name]
    host = MemoryHost(maps={number: [("content-length", "5")] for number in numbers})
    _host.bind(host)
    return host


def headers_of(side: Side) -> int:
    return {"request": 0, "response": 2}[side.name]


def test_sides_have_the_abis_numbers() -> None:
    host = MemoryHost(maps={number: [("x", str(number))] for number in range(4)})
    _host.bind(host)
    found = [(s.headers["x"], s.trailers["x"], s.buffer) for s in (REQUEST, RESPONSE)]
    assert found == [("0", "1", 0), ("2", "3", 1)]


def test_a_filter_pays_for_no_hook_that_it_has_not(side: Side) -> None:
    plain = filter_class()
    assert side.headers_hook(plain) is None
    assert side.trailers_hook(plain) is None
    only = filter_class(f"{side.name}_headers", f"{side.name}_trailers")
    assert side.headers_hook(only) is getattr(only, f"on_{side.name}_headers")
    assert side.trailers_hook(only) is getattr(only, f"on_{side.name}_trailers")


@pytest.mark.parametrize("end", [False, True], ids=["body-follows", "end"])
def test_the_whole_body_of_headers_alone_is_empty(
    side: Side, host: MemoryHost, *, end: bool
) -> None:
    name = side.name
    hook = side.headers_hook(filter_class(f"{name}_headers", f"{name}_body_complete"))
    assert hook is not None
    stream = Stream()
    assert hook(stream, side.headers, end) is None
    assert stream.calls == [f"{name}_headers", *([f"{name}_body_complete 0"] if end else [])]
    assert host.maps[headers_of(side)] == [("content-length", "5")]


@pytest.mark.parametrize(
    ("changes", "end", "left"),
    [(False, False, True), (True, False, False), (True, True, True)],
    ids=["keeps", "changes", "no-body"],
)
def test_the_length_goes_where_a_body_may_change(
    side: Side, host: MemoryHost, *, changes: bool, end: bool, left: bool
) -> None:
    made = filter_class(f"{side.name}_headers", f"{side.name}_body_complete", changes=changes)
    hook = side.headers_hook(made)
    assert hook is not None
    hook(Stream(), side.headers, end)
    assert bool(host.maps[headers_of(side)]) is left


@pytest.mark.parametrize("first", [None, Action.CONTINUE, Action.PAUSE])
@pytest.mark.parametrize("second", [None, Action.CONTINUE, Action.PAUSE])
def test_either_of_two_hooks_may_pause(
    side: Side, host: MemoryHost, first: Action | None, second: Action | None
) -> None:
    del host
    name = side.name
    hooks = (f"{name}_headers", f"{name}_body_complete")
    answers = {hooks[0]: first, hooks[1]: second}
    hook = side.headers_hook(filter_class(*hooks, answers=answers))
    assert hook is not None
    pauses = hook(Stream(), side.headers, True) is Action.PAUSE
    assert pauses is (Action.PAUSE in (first, second))


def test_after_a_reply_nothing_more_is_called(side: Side, host: MemoryHost) -> None:
    name = side.name
    hooks = (f"{name}_headers", f"{name}_body_complete", f"{name}_trailers")
    stream = Stream()
    hook = side.headers_hook(filter_class(*hooks, changes=True, reply=f"{name}_headers"))
    assert hook is not None
    hook(stream, side.headers, True)
    hook(Stream(), side.headers, False)
    assert stream.calls == [f"{name}_headers"]
    assert host.maps[headers_of(side)] == [("content-length", "5")]

    stream = Stream()
    hook = side.trailers_hook(filter_class(*hooks, reply=f"{name}_body_complete"))
    assert hook is not None
    hook(stream, side.trailers)
    assert stream.calls == [f"{name}_body_complete 0"]


@pytest.mark.parametrize("kept", [b"", b"hello"], ids=["none", "some"])
def test_trailers_complete_a_body(side: Side, host: MemoryHost, kept: bytes) -> None:
    name = side.name
    host.buffers[side.buffer] = kept
    stream = Stream()
    hook = side.trailers_hook(filter_class(f"{name}_body_complete", f"{name}_trailers"))
    assert hook is not None
    hook(stream, side.trailers)
    assert stream.calls == [f"{name}_body_complete {len(kept)}", f"{name}_trailers"]


def test_trailers_that_only_complete_a_body_give_its_answer(side: Side, host: MemoryHost) -> None:
    del host
    name = f"{side.name}_body_complete"
    hook = side.trailers_hook(filter_class(name, answers={name: Action.PAUSE}))
    assert hook is not None
    assert hook(Stream(), side.trailers) is Action.PAUSE


def test_a_hook_of_a_parent_class_is_a_classs_own() -> None:
    class Parent(HttpFilter[None]):
        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None: ...

    class Child(Parent):
        pass

    assert own_hook(Child, "on_request_headers") is Parent.on_request_headers
    assert own_hook(Child, "on_response_headers") is None
