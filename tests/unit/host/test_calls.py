"""The host functions at the level of Python values: arguments that Envoy refuses, and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stream_scene import CONTINUE, POST, REQUEST, Scene
from wasmkit.abi.constants import LogLevel, Status
from wasmkit.abi.pairs import MAX_PAIRS, encode_pairs
from wasmkit.host.limits import Limits
from wasmkit.host.protocol import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.calls import Calls

OUTSIDE = 99


@pytest.fixture
def scene() -> Scene:
    return Scene()


def in_request_headers(scene: Scene, ask: Callable[[Calls], object]) -> object:
    """Return what is answered in that phase, a status if it is not OK."""
    found: list[object] = []

    def script(*_: int) -> int:
        try:
            found.append(ask(scene.guest.calls))
        except CallError as error:
            found.append(error.status)
        return CONTINUE

    scene.guest.scripts["request_headers"] = script
    scene.stream.headers(REQUEST, (*POST, (b"x", b"1"), (b"x", b"2")), end=True)
    return found[0]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda calls: calls.log(6, b""), Status.BAD_ARGUMENT),
        (lambda calls: calls.get_log_level(), LogLevel.TRACE),
        (lambda calls: calls.get_header_map_value(0, b"x"), b"1"),
        (lambda calls: calls.get_header_map_value(0, b"y"), Status.NOT_FOUND),
        (lambda calls: calls.get_header_map_value(2, b"x"), Status.BAD_ARGUMENT),
        (lambda calls: calls.get_header_map_value(OUTSIDE, b"x"), Status.BAD_ARGUMENT),
        (lambda calls: calls.get_header_map_pairs(2), b""),
        (lambda calls: calls.get_header_map_pairs(OUTSIDE), Status.BAD_ARGUMENT),
        (lambda calls: calls.get_buffer_status(OUTSIDE), Status.BAD_ARGUMENT),
        (lambda calls: calls.get_buffer_status(7), Status.NOT_FOUND),
        (lambda calls: calls.set_buffer_bytes(6, 0, 0, b"x"), Status.BAD_ARGUMENT),
        (lambda calls: calls.continue_stream(OUTSIDE), Status.BAD_ARGUMENT),
        (lambda calls: calls.continue_stream(3), Status.UNIMPLEMENTED),
        (lambda calls: calls.close_stream(OUTSIDE), Status.BAD_ARGUMENT),
        (lambda calls: calls.close_stream(2), None),
        (lambda calls: calls.set_effective_context(OUTSIDE), Status.BAD_ARGUMENT),
        (lambda calls: calls.done(), Status.NOT_FOUND),
        (lambda calls: calls.get_current_time_nanoseconds(), 0),
        (lambda calls: calls.get_monotonic_time_nanoseconds(), 3600 * 10**9),
        (lambda calls: len(calls.get_random(5)), 5),
        (lambda calls: calls.environment, {}),
    ],
)
def test_answers(scene: Scene, ask: Callable[[Calls], object], answer: object) -> None:
    assert in_request_headers(scene, ask) == answer


def test_the_first_abi_version_finds_an_absent_header_empty(scene: Scene) -> None:
    scene.guest.abi_version = "0.1.0"
    assert in_request_headers(scene, lambda calls: calls.get_header_map_value(0, b"y")) == b""


@pytest.mark.parametrize(
    "pairs", [b"garbage", bytes(1_048_577), encode_pairs([(b"a", b"b")] * (MAX_PAIRS + 1))]
)
def test_pairs_that_are_none_clear_the_map(scene: Scene, pairs: bytes) -> None:
    def ask(calls: Calls) -> bytes:
        calls.set_header_map_pairs(0, pairs)
        return calls.get_header_map_pairs(0)

    assert in_request_headers(scene, ask) == b""


def test_what_a_stream_keeps_is_limited(scene: Scene) -> None:
    vm = scene.plugin.vm
    vm.limits = Limits(host_bytes=500)

    def hoard(*_: int) -> int:
        while True:
            scene.guest.calls.set_property(b"a", b"b" * 10)

    scene.guest.scripts["request_headers"] = hoard
    scene.stream.headers(REQUEST, POST, end=True)
    assert vm.trap == "the filter made the host keep more than 500 bytes"
