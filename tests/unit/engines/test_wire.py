from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, pairs
from wasmkit.engines.wire import UnplayableError, as_sent
from wasmkit.traffic.model import Exchange

if TYPE_CHECKING:
    from wasmkit.http.message import Message

PROTO = ("x-forwarded-proto", "http")
OK = a_response(200, (("content-length", "0"),))


def sent_request(request: Message) -> Message:
    return as_sent(Exchange(request, OK)).request


def sent_response(response: Message, method: str = "GET") -> Message | None:
    return as_sent(Exchange(a_request(method, "http", "a", "/"), response)).response


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ([("A", "1"), ("b", " 2\t"), ("a", "3")], [("a", "1"), ("b", "2"), ("a", "3"), PROTO]),
        ([("connection", "x-b, Keep-Alive"), ("X-B", "1"), ("keep-alive", "2")], [PROTO]),
        ([("te", "trailers"), ("trailer", "x"), ("proxy-connection", "a")], [PROTO]),
        ([("transfer-encoding", "chunked"), ("expect", "100-continue")], [PROTO]),
        ([(":method", "GET"), ("host", "b"), ("http2-settings", "")], [PROTO]),
        (
            [("x-forwarded-proto", "https"), ("a", "1")],
            [("x-forwarded-proto", "https"), ("a", "1")],
        ),
    ],
    ids=["order", "connection", "te", "framing", "names", "proto"],
)
def test_request_headers(headers: list[tuple[str, str]], kept: list[tuple[str, str]]) -> None:
    assert sent_request(a_request("GET", "http", "a", "/", headers)).fields == pairs(kept)


@pytest.mark.parametrize(
    ("method", "headers", "body", "trailers", "kept"),
    [
        (
            "POST",
            [("content-length", "99"), ("a", "b")],
            b"abc",
            [],
            [("content-length", "3"), ("a", "b")],
        ),
        (
            "POST",
            [("content-length", "3"), ("content-length", "3")],
            b"abc",
            [],
            [("content-length", "3")],
        ),
        ("POST", [], b"abc", [], []),
        ("POST", [("content-length", "3")], b"abc", [("t", "v")], []),
        ("POST", [], b"", [], [("content-length", "0")]),
        ("GET", [], b"", [], []),
        ("GET", [("content-length", "7")], b"", [], [("content-length", "0")]),
        ("DELETE", [], b"", [], []),
    ],
    ids=["wrong", "twice", "chunked", "trailers", "empty", "none", "lost", "delete"],
)
def test_request_length(
    method: str,
    headers: list[tuple[str, str]],
    body: bytes,
    trailers: list[tuple[str, str]],
    kept: list[tuple[str, str]],
) -> None:
    request = a_request(method, "http", "a", "/", headers, body, trailers)
    assert sent_request(request).fields == pairs((*kept, PROTO))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a?b=%20#top", ("http", "a", "/a?b=%20")),
        ("https://b:1/c?d", ("https", "b:1", "/c?d")),
        ("http://b", ("http", "b", "/")),
        ("/a b/é", ("http", "a", "/a%20b/%C3%A9")),
        ("/x?u=http://b", ("http", "a", "/x?u=http://b")),
        ("//b/c", ("http", "a", "//b/c")),
    ],
)
def test_targets(path: str, target: tuple[str, str, str]) -> None:
    request = sent_request(a_request("GET", "http", "a", path))
    assert (request.scheme, request.authority, request.path) == tuple(map(str.encode, target))


def test_an_asterisk_is_a_target_of_options() -> None:
    assert sent_request(a_request("OPTIONS", "http", "a", "*")).path == b"*"


CHUNKED = ("transfer-encoding", "chunked")


@pytest.mark.parametrize(
    ("method", "response", "expected"),
    [
        (
            "GET",
            a_response(200, (("Content-Length", "9"),), b"abc"),
            a_response(200, (("content-length", "3"),), b"abc"),
        ),
        (
            "GET",
            a_response(200, (("a", "b"),), b"abc"),
            a_response(200, (("a", "b"), CHUNKED), b"abc"),
        ),
        ("GET", a_response(200, (CHUNKED,), b""), a_response(200, (("content-length", "0"),))),
        (
            "GET",
            a_response(200, (), b"", (("t", "v"),)),
            a_response(200, (CHUNKED,), b"", (("t", "v"),)),
        ),
        (
            "HEAD",
            a_response(200, (("content-length", "9"),), b"abc"),
            a_response(200, (("content-length", "9"),)),
        ),
        ("HEAD", a_response(200), a_response(200)),
        (
            "GET",
            a_response(304, (("content-length", "9"),)),
            a_response(304, (("content-length", "9"),)),
        ),
        ("GET", a_response(204, (("content-length", "0"),)), a_response(204)),
        (
            "GET",
            a_response(200, (("connection", "x"), ("x", "1"), ("upgrade", "h2c"))),
            a_response(200, (("content-length", "0"),)),
        ),
    ],
    ids=[
        "length",
        "chunked",
        "empty",
        "trailers",
        "head",
        "head bare",
        "304",
        "204",
        "hop",
    ],
)
def test_responses(method: str, response: Message, expected: Message) -> None:
    assert sent_response(response, method) == expected


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (a_request("CONNECT", "http", "a:1", "a:1"), "tunnels"),
        (a_request("GET", "http", "a", "/", (("upgrade", "websocket"),)), "tunnels"),
        (a_request("G T", "http", "a", "/"), "not an HTTP method"),
        (a_request("GET", "http", "", "/"), "names no host"),
        (a_request("GET", "http", "a\r\nb: c", "/"), "names no host"),
        (a_request("GET", "http", "a", "b"), "does not begin with '/'"),
        (a_request("GET", "http", "a", "*"), "does not begin with '/'"),
        (a_request("GET", "http", "a", "http://[x/"), "not a URL"),
        (a_request("GET", "http", "a", "/", (("a b", "c"),)), "'a b' cannot stand"),
        (a_request("GET", "http", "a", "/", (("a", "b\nc"),)), "'a' cannot stand"),
        (a_request("GET", "http", "a", "/", (("a", "\x01"),)), "'a' cannot stand"),
    ],
    ids=lambda value: None if isinstance(value, str) else f"{value.method} {value.path!a}",
)
def test_what_cannot_be_played(request_: Message, text: str) -> None:
    with pytest.raises(UnplayableError, match=text):
        as_sent(Exchange(request_, OK))


def test_an_upstream_that_hangs_up() -> None:
    assert as_sent(Exchange(a_request("GET", "http", "a", "/"), None)).response is None


def test_the_exchange_names_the_scenario() -> None:
    assert as_sent(Exchange(a_request("PUT", "http", "a", "/é"), OK)).title == "PUT /é"


@pytest.mark.parametrize("status", [101, 103, 1000, 0])
def test_statuses_that_are_no_final_response(status: int) -> None:
    with pytest.raises(UnplayableError, match=f"{status} is not a final response"):
        sent_response(a_response(status))
