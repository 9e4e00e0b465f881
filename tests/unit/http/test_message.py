"""The one message: what it holds and what it answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasmkit.http.message import Message, as_data, as_text


def test_a_request_has_its_pseudo_headers_first() -> None:
    message = Message.request(
        b"GET", b"/x?y", authority=b"a.test", headers=((b"x-a", b"1"),), body=b"hello"
    )
    assert message.headers == (
        (b":method", b"GET"),
        (b":scheme", b"http"),
        (b":authority", b"a.test"),
        (b":path", b"/x?y"),
        (b"x-a", b"1"),
    )
    assert message.fields == ((b"x-a", b"1"),)
    assert (message.method, message.path) == (b"GET", b"/x?y")
    assert (message.authority, message.scheme) == (b"a.test", b"http")
    assert (message.body, message.status) == (b"hello", 0)


def test_a_response_has_its_status_first() -> None:
    message = Message.response(204, trailers=((b"x-t", b"1"),))
    assert message.headers == ((b":status", b"204"),)
    assert (message.status, message.body, message.pieces) == (204, b"", ())
    assert message.trailers == ((b"x-t", b"1"),)


def test_what_is_no_status_is_none() -> None:
    for value in (b"", b"abc", b"-5", b"20000"):
        assert Message(((b":status", value),)).status == 0


def test_a_body_is_its_pieces_in_order() -> None:
    assert Message((), (b"a", b"b", b"c")).body == b"abc"


def test_the_first_of_several_values_is_found() -> None:
    message = Message(((b"x", b"1"), (b"x", b"2")))
    assert message.get(b"x") == b"1"
    assert message.get(b"y") is None


@given(st.binary())
def test_text_is_the_bytes_again(data: bytes) -> None:
    assert as_data(as_text(data)) == data
