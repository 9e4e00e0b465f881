"""Any order of callbacks, from any host, with hooks that fail: integers come back, no exception."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sdkhost import MemoryHost, Vm
from wasmkit.sdk import Action, Body, Headers, HttpFilter, RootContext, _dispatch

ACTS: list[Any] = []
"""What the next hooks do; None once they are used up."""


def act(stream: Any) -> Any:
    step = ACTS.pop() if ACTS else None
    if isinstance(step, BaseException):
        raise step
    if step == "reply":
        return stream.send_response(403)
    if step == "resume":
        stream.resume_request()
    elif step == "close":
        stream.close_stream()
    elif step == "read":
        return stream.request_headers["x"]
    elif isinstance(step, Action):
        return step
    return None


class Root(RootContext[None]):
    def __init__(self) -> None:
        act(None)

    def on_configure(self) -> None:
        act(None)

    def on_tick(self) -> None:
        act(None)

    def on_done(self) -> Any:
        return act(None)


class Filter(HttpFilter[None, Root]):
    changes_request_body = True

    def __init__(self) -> None:
        act(self)

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Any:
        return act(self)

    def on_request_body_complete(self, body: Body) -> Any:
        body.replace(body.read() + b"!")
        return act(self)

    def on_request_trailers(self, trailers: Headers) -> Any:
        return act(self)

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> Any:
        return act(self)

    def on_response_body(self, body: Body, end_of_stream: bool) -> Any:
        body.replace(body.read() + b"!")
        return act(self)

    def on_log(self) -> None:
        act(self)

    def on_done(self) -> None:
        act(self)


ARITY = {
    "context_create": 2,
    "request_headers": 3,
    "request_body": 3,
    "response_headers": 3,
    "response_body": 3,
    "vm_start": 2,
    "configure": 2,
    "request_trailers": 2,
    "response_trailers": 2,
}
VALUES = {
    "context_create": {None},
    "tick": {None},
    "log": {None},
    "delete": {None},
}
STEPS = st.sampled_from(
    [
        None,
        "reply",
        "resume",
        "close",
        "read",
        "nonsense",
        Action.PAUSE,
        Action.CONTINUE,
        KeyError("k"),
        RecursionError(),
        MemoryError(),
        SystemExit(),
    ]
)
NUMBERS = st.integers(0, 4)
CALLS = st.lists(
    st.tuples(st.sampled_from(_dispatch.CALLBACK_NAMES), NUMBERS, NUMBERS, NUMBERS), max_size=40
)


@given(CALLS, st.lists(STEPS, max_size=20), st.sampled_from(["close", "open"]), st.booleans())
def test_any_sequence(
    calls: list[tuple[str, int, int, int]], steps: list[Any], on_error: str, has_maps: bool
) -> None:
    ACTS[:] = []
    host = MemoryHost(buffers={0: b"ab", 1: b"cd"})
    if has_maps:
        host.maps |= {0: [("x", "1")], 1: [], 2: [], 3: []}
    vm = Vm(Filter, on_error=on_error, host=host)
    ACTS[:] = steps
    for name, *numbers in calls:
        short = name.removeprefix("proxy_on_")
        result = vm.call(short, *numbers[: ARITY.get(short, 1)])
        allowed = VALUES.get(short, {0, 1}) if name in vm.callbacks else {None}
        assert result in allowed
        assert type(result) in {int, type(None)}
