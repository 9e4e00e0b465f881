from __future__ import annotations

import pytest

from wasmkit.http.http1 import (
    Message,
    MessageReader,
    decode_text,
    encode_text,
    has_no_body,
    message_bytes,
    status_line,
)

CHUNKED = (("transfer-encoding", "chunked"),)


def read(data: bytes, method: str | None = None, size: int = 1 << 20) -> Message:
    reader = MessageReader(method=method)
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    if not reader.done:
        reader.feed(b"")
    assert reader.done
    return reader.message


# RFC 9112: the message as it is on the wire, the method for a response, what it says.
MESSAGES = {
    "request": (
        b"GET /a?b HTTP/1.1\r\nHost: a\r\nX-Many: 1\r\nx-many:2  \r\n\r\n",
        None,
        Message("GET /a?b HTTP/1.1", (("host", "a"), ("x-many", "1"), ("x-many", "2"))),
    ),
    "length": (
        b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n\x00\r\n",
        None,
        Message("POST / HTTP/1.1", (("content-length", "3"),), b"\x00\r\n"),
    ),
    "chunked": (
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
        ),
        "GET",
        Message("HTTP/1.1 200 OK", CHUNKED, b"abc0123456789", (("t", "v"),)),
    ),
    "to the end": (
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        "GET",
        Message("HTTP/1.1 200 OK", (), b"hello"),
    ),
    "interim": (
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\na: b\r\n\r\n"
            b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"
        ),
        "PUT",
        Message("HTTP/1.1 201 Created", (("content-length", "0"),)),
    ),
    "head": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        "HEAD",
        Message("HTTP/1.1 200 OK", (("content-length", "9"),)),
    ),
    "not modified": (
        b"HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n",
        "GET",
        Message("HTTP/1.1 304 Not Modified", CHUNKED),
    ),
    "no reason": (b"HTTP/1.1 999\r\ncontent-length: 0\r\n\r\n", "GET", None),
}


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_read_in_pieces_of_any_size(name: str, size: int) -> None:
    data, method, expected = MESSAGES[name]
    message = read(data, method, size)
    assert message.complete
    if expected is not None:
        assert message == expected


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"", Message("", complete=False)),
        (b"HTTP/1.1 200 OK\r\nconte", Message("", complete=False)),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel",
            Message("HTTP/1.1 200 OK", (("content-length", "5"),), b"hel", complete=False),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            Message("HTTP/1.1 200 OK", CHUNKED, b"hel", complete=False),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
            Message("HTTP/1.1 200 OK", CHUNKED, complete=False),
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            Message("HTTP/1.1 200 OK", (("content-length", "9" * 20),), complete=False),
        ),
        (b"\r\n\r\n", Message("", complete=False)),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Message("HTTP/1.1 200 OK", complete=False)),
    ],
    ids=["nothing", "head", "body", "chunk", "chunk size", "length", "empty", "field"],
)
def test_what_came_of_a_message_that_ends_early_is_there(data: bytes, seen: Message) -> None:
    assert read(data, "GET") == seen


def test_what_stands_behind_a_message_is_kept() -> None:
    reader = MessageReader()
    reader.feed(b"GET / HTTP/1.1\r\n\r\nGET /2")
    assert reader.done
    assert reader.rest == b"GET /2"
    reader.feed(b" HTTP/1.1")
    assert reader.rest == b"GET /2 HTTP/1.1"
    assert reader.message == Message("GET / HTTP/1.1")


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (Message("GET / HTTP/1.1", (("host", "é\udce9"),)), (b"GET / HTTP/1.1\r\nhost: \xc3\xa9\xe9"
         b"\r\n\r\n")),
        (Message("HTTP/1.1 200 OK", (("content-length", "2"),), b"hi"),
         b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
        (Message("HTTP/1.1 200 OK", CHUNKED, b"x" * 18, (("t", "v"),)),
         b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n12\r\n" + b"x" * 18
         + b"\r\n0\r\nt: v\r\n\r\n"),
        (Message("HTTP/1.1 200 OK", CHUNKED),
         b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
    ids=["bytes", "length", "chunked", "empty chunked"],
)  # fmt: skip
def test_messages_are_written_as_the_rfc_says(message: Message, data: bytes) -> None:
    assert message_bytes(message) == data
    assert read(data, "GET" if message.status else None) == message


def test_a_response_to_head_is_written_without_its_body() -> None:
    message = Message("HTTP/1.1 200 OK", (("content-length", "2"),), b"hi")
    data = message_bytes(message, without_body=True)
    assert data == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "status"),
    [("HTTP/1.1 200 OK", 200), ("HTTP/1.0 404", 404), ("HTTP/2 200", 0), ("", 0), ("GET /", 0)],
)
def test_status(line: str, status: int) -> None:
    assert Message(line).status == status


@pytest.mark.parametrize(
    ("status", "line"),
    [(200, "HTTP/1.1 200 OK"), (418, "HTTP/1.1 418 I'm a Teapot"), (999, "HTTP/1.1 999 ")],
)
def test_status_line(status: int, line: str) -> None:
    assert status_line(status) == line


@pytest.mark.parametrize(
    ("method", "status", "empty"),
    [("GET", 200, False), ("HEAD", 200, True), ("GET", 204, True), ("POST", 304, True)],
)
def test_has_no_body(method: str, status: int, *, empty: bool) -> None:
    assert has_no_body(method, status) is empty


def test_text_holds_any_bytes() -> None:
    data = bytes(range(256))
    assert encode_text(decode_text(data)) == data
