"""A stream takes what happens one event after the other."""

from __future__ import annotations

import pytest

from stream_scene import BUFFER, CONTINUE, OK, PAUSE, POST, REQUEST, RESPONSE, Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_body_may_arrive_in_pieces(scene: Scene) -> None:
    stream = scene.stream
    stream.headers(REQUEST, POST, end=False)
    assert scene.said == ["context_create 1", "request_headers 6 0"]
    stream.data(REQUEST, b"abc", end=False)
    stream.data(REQUEST, b"de", end=False)
    assert not stream.request_sent
    assert stream.deliver() is None
    stream.data(REQUEST, b"", end=True)
    assert scene.said == ["request_body 3 0", "request_body 2 0", "request_body 0 1"]
    upstream = stream.deliver()
    assert upstream is not None
    assert upstream.body == b"abcde"
    stream.headers(RESPONSE, OK, end=False)
    stream.data(RESPONSE, b"x", end=False)
    assert not stream.finished
    stream.trailers(RESPONSE, ((b"t", b"1"),))
    assert scene.said == ["response_headers 1 0", "response_body 1 0", "response_trailers 1"]
    client = stream.client()
    assert client is not None
    assert (client.body, client.trailers) == (b"x", ((b"t", b"1"),))
    stream.end()
    assert scene.said == ["log", "done", "delete"]


def test_what_a_filter_buffers_grows_with_each_piece(scene: Scene) -> None:
    stream = scene.stream
    scene.guest.scripts["request_body"] = lambda _id, _size, end: CONTINUE if end else BUFFER
    stream.headers(REQUEST, POST, end=False)
    for piece, end in ((b"abc", False), (b"de", False), (b"", True)):
        assert not stream.request_sent
        stream.data(REQUEST, piece, end=end)
    assert scene.said[2:] == ["request_body 3 0", "request_body 5 0", "request_body 5 1"]
    upstream = stream.deliver()
    assert upstream is not None
    assert upstream.body == b"abcde"


def test_a_timer_may_let_a_stream_go_on_between_two_pieces(scene: Scene) -> None:
    stream, calls = scene.stream, scene.guest.calls

    def pause(*_: int) -> int:
        calls.set_tick_period_milliseconds(10)
        return PAUSE

    def tick(*_: int) -> int:
        calls.set_tick_period_milliseconds(0)
        calls.set_effective_context(2)
        calls.continue_stream(REQUEST)
        return 0

    scene.guest.scripts |= {"request_headers": pause, "tick": tick}
    stream.headers(REQUEST, POST, end=False)
    stream.data(REQUEST, b"abc", end=False)
    assert scene.said == ["context_create 1", "request_headers 6 0"]
    assert not scene.world.run_until(lambda: stream.request_sent, most=10)
    assert scene.world.now == 10_000_000
    stream.data(REQUEST, b"de", end=True)
    assert scene.said == ["tick", "request_body 3 0", "request_body 2 1"]
    assert stream.request_sent


@pytest.mark.parametrize("begun", [False, True])
def test_a_client_may_hang_up(scene: Scene, *, begun: bool) -> None:
    stream = scene.stream
    seen: list[bytes | str] = []

    def log(*_: int) -> int:
        seen.extend((scene.property("response code_details"), scene.property("response flags")))
        return 0

    scene.guest.scripts["log"] = log
    stream.headers(REQUEST, POST, end=not begun)
    if begun:
        stream.data(REQUEST, b"abc", end=False)
    stream.hang_up(REQUEST)
    assert stream.finished
    stream.data(REQUEST, b"de", end=True)
    stream.hang_up(REQUEST)
    assert scene.said[2:] == ["request_body 3 0"] * begun
    assert (stream.deliver(), stream.client()) == (None, None)
    stream.end()
    assert scene.said == ["log", "done", "delete"]
    assert seen == [b"downstream_remote_disconnect", (1 << 14).to_bytes(8, "little")]


def test_an_upstream_may_hang_up_before_its_response(scene: Scene) -> None:
    stream = scene.stream
    stream.headers(REQUEST, POST, end=True)
    assert stream.deliver() is not None
    stream.hang_up(RESPONSE)
    client = stream.client()
    assert client is not None
    assert client.headers[0] == (b":status", b"503")
    assert scene.said[2:] == ["response_headers 3 0", "response_body 95 1"]


def test_an_upstream_may_hang_up_within_its_response(scene: Scene) -> None:
    stream = scene.stream
    stream.headers(REQUEST, POST, end=True)
    stream.headers(RESPONSE, OK, end=False)
    stream.data(RESPONSE, b"abc", end=False)
    stream.hang_up(RESPONSE)
    assert stream.finished
    stream.data(RESPONSE, b"de", end=True)
    client = stream.client()
    assert client is not None
    assert client.body == b"abc"


def test_behind_a_local_reply_nothing_of_the_request_is_seen(scene: Scene) -> None:
    stream, calls = scene.stream, scene.guest.calls

    def reply(*_: int) -> int:
        calls.send_local_response(403, b"", b"no", b"", 0xFFFF_FFFF)
        return CONTINUE

    scene.guest.scripts |= {"request_headers": reply, "response_headers": lambda *_: PAUSE}
    stream.headers(REQUEST, POST, end=False)
    assert not stream.finished
    stream.data(REQUEST, b"abc", end=True)
    assert scene.said[2:] == ["response_headers 3 0"]
    stream.resume(RESPONSE)
    client = stream.client()
    assert client is not None
    assert client.body == b"no"
    assert (b"connection", b"close") not in client.headers, "the request has all arrived"


def test_times_and_numbers_are_those_of_the_world(scene: Scene) -> None:
    stream = scene.stream
    seen: list[bytes | str] = []

    def log(*_: int) -> int:
        seen.extend(map(scene.property, ("request time", "request duration", "request id")))
        return 0

    scene.guest.scripts["log"] = log
    scene.world.advance(1)
    other = Scene()
    for each in (scene, other):
        each.stream.headers(REQUEST, POST, end=True)
        each.world.advance(5)
        each.stream.headers(RESPONSE, OK, end=True)
        each.stream.end()
    assert seen[:2] == [(0).to_bytes(8, "little"), (6).to_bytes(8, "little")]
    client = stream.client()
    assert client is not None
    assert (b"date", b"Thu, 01 Jan 1970 00:00:00 GMT") in client.headers
    sent = other.stream.client()
    assert sent is not None
    assert sent.headers == client.headers
    assert isinstance(seen[2], bytes)
    assert len(seen[2]) == 36
