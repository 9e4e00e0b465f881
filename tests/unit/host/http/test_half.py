"""One direction of a stream remembers what has gone on."""

from __future__ import annotations

from wasmkit.abi.constants import StreamType
from wasmkit.host.http.half import STOPS_ALL, Half, State
from wasmkit.http.headers import HeaderMap


def test_headers_alone_are_a_whole_message() -> None:
    half = Half(StreamType.REQUEST)
    headers = HeaderMap([(b"a", b"b")])
    half.send_headers(headers, end=True)
    assert half.sent_headers is headers
    assert half.sent_headers_only
    assert half.sent_all


def test_trailers_end_a_message() -> None:
    half = Half(StreamType.RESPONSE)
    half.send_headers(half.headers, end=False)
    assert not half.sent_all
    half.send_trailers()
    assert half.sent_trailers
    assert half.sent_all
    assert not half.sent_headers_only


def test_states_in_which_nothing_is_called() -> None:
    assert [state for state in State if state in STOPS_ALL] == [
        State.STOP_ALL_BUFFER,
        State.STOP_ALL_WATERMARK,
    ]
