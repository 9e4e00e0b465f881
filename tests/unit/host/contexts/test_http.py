"""Which headers and bodies a filter reaches in which phase."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stream_scene import BUFFER, CONTINUE, OK, PAUSE, POST, REQUEST, RESPONSE, Scene
from wasmkit.abi.constants import BufferType, HeaderMapType, Status
from wasmkit.host.protocol import CallError, GuestTrapError
from wasmkit.plugin import FailurePolicy
from wasmkit.profiles import newest_envoy

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def scene() -> Scene:
    return Scene()


def play(scene: Scene) -> None:
    stream = scene.stream
    stream.headers(REQUEST, POST, end=False)
    stream.data(REQUEST, b"abc", end=False)
    stream.trailers(REQUEST, ((b"t", b"1"),))
    stream.headers(RESPONSE, OK, end=False)
    stream.data(RESPONSE, b"xyz", end=False)
    stream.trailers(RESPONSE, ((b"u", b"1"),))
    stream.end()


def in_each_phase(scene: Scene, look: Callable[[], object]) -> dict[str, object]:
    seen: dict[str, object] = {}
    phases = (
        *("request_headers", "request_body", "request_trailers"),
        *("response_headers", "response_body", "response_trailers", "log"),
    )
    for phase in phases:

        def script(*_: int, phase: str = phase) -> int:
            try:
                seen[phase] = look()
            except CallError as error:
                seen[phase] = error.status
            return CONTINUE

        scene.guest.scripts[phase] = script
    play(scene)
    return seen


def test_request_headers_are_there_in_their_phase_and_in_the_log(scene: Scene) -> None:
    calls = scene.guest.calls
    seen = in_each_phase(scene, lambda: calls.get_header_map_value(0, b":method"))
    assert {phase for phase, value in seen.items() if value == b"POST"} == {
        "request_headers",
        "log",
    }
    assert seen["request_body"] is Status.BAD_ARGUMENT


def test_response_headers_likewise(scene: Scene) -> None:
    calls = scene.guest.calls
    seen = in_each_phase(scene, lambda: calls.get_header_map_value(2, b":status"))
    assert {phase for phase, value in seen.items() if value == b"200"} == {
        "response_headers",
        "log",
    }


def test_bodies_are_there_in_their_phase(scene: Scene) -> None:
    calls = scene.guest.calls
    seen = in_each_phase(scene, lambda: [calls.get_buffer_bytes(kind, 0, 9) for kind in (0, 1)])
    assert seen["request_body"] == [b"abc", b""]
    assert seen["response_body"] == [b"", b"xyz"]
    assert seen["request_headers"] == seen["response_trailers"] == seen["log"] == [b"", b""]


def test_nothing_can_be_changed_in_the_log(scene: Scene) -> None:
    calls = scene.guest.calls
    seen = in_each_phase(scene, lambda: calls.add_header_map_value(0, b"a", b"b"))
    assert seen["request_headers"] is None
    assert seen["log"] is Status.BAD_ARGUMENT


def test_a_map_that_a_stream_does_not_have(scene: Scene) -> None:
    calls = scene.guest.calls
    kind = HeaderMapType.HTTP_CALL_RESPONSE_HEADERS
    seen = in_each_phase(scene, lambda: calls.get_header_map_value(kind, b"a"))
    assert seen["request_headers"] is Status.BAD_ARGUMENT
    assert seen["log"] is Status.NOT_FOUND


def test_what_is_held_back_stays_in_reach(scene: Scene) -> None:
    calls, stream = scene.guest.calls, scene.stream
    scene.guest.scripts["request_body"] = lambda *_: BUFFER
    stream.headers(REQUEST, POST, end=False)
    stream.data(REQUEST, b"abc", end=False)
    stream.data(REQUEST, b"de", end=False)
    assert scene.guest.said[-1] == ("request_body", 2, 5, 0)

    def tick(*_: int) -> int:
        calls.set_effective_context(2)
        assert calls.get_buffer_bytes(BufferType.REQUEST_BODY, 0, 9) == b"abcde"
        calls.continue_stream(REQUEST)
        with pytest.raises(CallError):
            calls.get_header_map_value(0, b":method")
        return 0

    scene.guest.scripts["tick"] = tick
    root = scene.plugin.root
    root.notify("proxy_on_tick")
    stream.data(REQUEST, b"", end=True)


def test_a_trap_is_answered_for_the_guest(scene: Scene) -> None:
    stream = scene.stream

    def fail(*_: int) -> int:
        raise GuestTrapError("why")

    scene.guest.scripts["request_headers"] = fail
    stream.headers(REQUEST, POST, end=True)
    client = stream.client()
    assert client is not None
    assert client.headers[0] == (b":status", b"503")
    stream.end()
    assert scene.said == ["context_create 1", "request_headers 6 1"]


@pytest.mark.parametrize("spares", [True, False])
def test_a_profile_says_whether_fail_open_spares_the_request(spares: bool) -> None:
    profile = replace(newest_envoy(), fail_open_spares_request=spares)
    scene = Scene(profile, FailurePolicy.FAIL_OPEN)

    def fail(*_: int) -> int:
        raise GuestTrapError("why")

    scene.guest.scripts["request_headers"] = fail
    scene.stream.headers(REQUEST, POST, end=True)
    scene.stream.headers(RESPONSE, OK, end=True)
    client = scene.stream.client()
    assert client is not None
    assert client.headers[0] == (b":status", b"200" if spares else b"503")


def test_a_stream_ends_once_it_is_closed(scene: Scene) -> None:
    calls, stream = scene.guest.calls, scene.stream

    def close(*_: int) -> int:
        calls.close_stream(REQUEST)
        return PAUSE

    scene.guest.scripts["request_headers"] = close
    stream.headers(REQUEST, POST, end=True)
    assert stream.finished
    assert stream.facts.response_code_details == b"wasm_close_stream"


def test_what_a_filter_keeps_is_found_by_its_path(scene: Scene) -> None:
    calls = scene.guest.calls

    def keep(*_: int) -> int:
        calls.set_property(b"mine", b"1")
        return CONTINUE

    scene.guest.scripts["request_headers"] = keep
    found: list[bytes | str] = []

    def log(*_: int) -> int:
        found.extend((scene.property("mine"), scene.property("filter_state wasm.mine")))
        return 0

    scene.guest.scripts["log"] = log
    play(scene)
    assert found == [b"1", b"1"]
