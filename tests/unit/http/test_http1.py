from __future__ import annotations

import pytest

from wasmkit.http.http1 import MessageReader, Received, message_bytes
from wasmkit.http.message import Message

CHUNKED = ((b"transfer-encoding", b"chunked"),)


def read(data: bytes, method: bytes | None = None, size: int = 1 << 20) -> Received:
    reader = MessageReader(method=method)
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    if not reader.done:
        reader.feed(b"")
    assert reader.done
    return reader.received


def length(number: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-length", number),)


# RFC 9112: the message as it is on the wire, the method for a response, what it says.
MESSAGES = {
    "request": (
        b"GET /a?b HTTP/1.1\r\nX-Many: 1\r\nHost: a\r\nx-many:2  \r\nhost: b\r\n\r\n",
        None,
        Message(
            (
                (b":method", b"GET"),
                (b":authority", b"a"),
                (b":path", b"/a?b"),
                (b"x-many", b"1"),
                (b"x-many", b"2"),
                (b"host", b"b"),
            )
        ),
    ),
    "length": (
        b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n\x00\r\n",
        None,
        Message(
            ((b":method", b"POST"), (b":path", b"/"), (b"content-length", b"3")), (b"\x00\r\n",)
        ),
    ),
    "chunked": (
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
        ),
        b"GET",
        Message.response(200, CHUNKED, b"abc0123456789", ((b"t", b"v"),)),
    ),
    "to the end": (b"HTTP/1.1 200 OK\r\n\r\nhello", b"GET", Message.response(200, (), b"hello")),
    "interim": (
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\na: b\r\n\r\n"
            b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"
        ),
        b"PUT",
        Message.response(201, length(b"0")),
    ),
    "head": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        b"HEAD",
        Message.response(200, length(b"9")),
    ),
    "not modified": (
        b"HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET",
        Message.response(304, CHUNKED),
    ),
    "no reason": (
        b"HTTP/1.1 999\r\ncontent-length: 0\r\n\r\n",
        b"GET",
        Message.response(999, length(b"0")),
    ),
}


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_read_in_pieces_of_any_size(name: str, size: int) -> None:
    data, method, expected = MESSAGES[name]
    assert read(data, method, size) == Received(expected, complete=True)


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"", Message()),
        (b"HTTP/1.1 200 OK\r\nconte", Message()),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel",
            Message.response(200, length(b"5"), b"hel"),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            Message.response(200, CHUNKED, b"hel"),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
            Message.response(200, CHUNKED),
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            Message.response(200, length(b"9" * 20)),
        ),
        (b"\r\n\r\n", Message()),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Message.response(200)),
        (b"HTTP/2 200\r\n\r\n", Message()),
        (b"HTTP/1.1 099 No\r\n\r\n", Message()),
    ],
    ids=[
        *("nothing", "head", "body", "chunk", "chunk size", "length", "empty", "field"),
        *("version", "status"),
    ],
)
def test_what_came_of_a_message_that_ends_early_is_there(data: bytes, seen: Message) -> None:
    assert read(data, b"GET") == Received(seen, complete=False)


@pytest.mark.parametrize("line", [b"GET /", b"GET / HTTP/2", b"hello", b" / HTTP/1.1"])
def test_what_is_no_request_line_is_no_request(line: bytes) -> None:
    assert read(line + b"\r\n\r\n") == Received()


def test_what_stands_behind_a_message_is_kept() -> None:
    reader = MessageReader()
    reader.feed(b"GET / HTTP/1.1\r\n\r\nGET /2")
    assert reader.done
    assert reader.rest == b"GET /2"
    reader.feed(b" HTTP/1.1")
    assert reader.rest == b"GET /2 HTTP/1.1"
    message = Message(((b":method", b"GET"), (b":path", b"/")))
    assert reader.received == Received(message, complete=True)


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (Message.request(b"GET", b"/", authority="é".encode() + b"\xe9"),
         b"GET / HTTP/1.1\r\nhost: \xc3\xa9\xe9\r\n\r\n"),
        (Message.request(b"PUT", b"/", authority=b"a", headers=((b"b", b"c"),), body=b"hi"),
         (b"PUT / HTTP/1.1\r\nhost: a\r\nb: c\r\ntransfer-encoding: chunked\r\n\r\n"
          b"2\r\nhi\r\n0\r\n\r\n")),
        (Message.response(200, length(b"2"), b"hi"),
         b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
        (Message.response(200, CHUNKED, b"x" * 18, ((b"t", b"v"),)),
         b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n12\r\n" + b"x" * 18
         + b"\r\n0\r\nt: v\r\n\r\n"),
        (Message.response(418, CHUNKED),
         b"HTTP/1.1 418 I'm a Teapot\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        (Message.response(999), b"HTTP/1.1 999 \r\n\r\n"),
    ],
    ids=["bytes", "no length", "length", "chunked", "empty chunked", "no reason"],
)  # fmt: skip
def test_messages_are_written_as_the_rfc_says(message: Message, data: bytes) -> None:
    assert message_bytes(message) == data
    again = read(data, b"GET" if message.status else None).message
    assert message_bytes(again) == data


def test_each_piece_of_a_body_is_a_chunk() -> None:
    message = Message(((b":status", b"200"), *CHUNKED), (b"a", b"bc"))
    assert message_bytes(message).endswith(b"\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")


def test_a_response_to_head_is_written_without_its_body() -> None:
    message = Message.response(200, length(b"2"), b"hi")
    data = message_bytes(message, without_body=True)
    assert data == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
