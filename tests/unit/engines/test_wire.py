from __future__ import annotations

import pytest

from wasmkit.engines.wire import UnplayableError, as_sent
from wasmkit.traffic.model import Exchange, Header, Request, Response

PROTO = ("x-forwarded-proto", "http")
OK = Response(200, (("content-length", "0"),))


def sent_request(request: Request) -> Request:
    return as_sent(Exchange(request, OK)).request


def sent_response(response: Response, method: str = "GET") -> Response:
    return as_sent(Exchange(Request(method, "http", "a", "/"), response)).response


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
def test_request_headers(headers: list[Header], kept: list[Header]) -> None:
    assert list(sent_request(Request("GET", "http", "a", "/", tuple(headers))).headers) == kept


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
    method: str, headers: list[Header], body: bytes, trailers: list[Header], kept: list[Header]
) -> None:
    request = Request(method, "http", "a", "/", tuple(headers), body, tuple(trailers))
    assert list(sent_request(request).headers) == [*kept, PROTO]


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
    request = sent_request(Request("GET", "http", "a", path))
    assert (request.scheme, request.authority, request.path) == target


def test_an_asterisk_is_a_target_of_options() -> None:
    assert sent_request(Request("OPTIONS", "http", "a", "*")).path == "*"


CHUNKED = ("transfer-encoding", "chunked")


@pytest.mark.parametrize(
    ("method", "response", "expected"),
    [
        (
            "GET",
            Response(200, (("Content-Length", "9"),), b"abc"),
            Response(200, (("content-length", "3"),), b"abc"),
        ),
        ("GET", Response(200, (("a", "b"),), b"abc"), Response(200, (("a", "b"), CHUNKED), b"abc")),
        ("GET", Response(200, (CHUNKED,), b""), Response(200, (("content-length", "0"),))),
        (
            "GET",
            Response(200, (), b"", (("t", "v"),)),
            Response(200, (CHUNKED,), b"", (("t", "v"),)),
        ),
        (
            "HEAD",
            Response(200, (("content-length", "9"),), b"abc"),
            Response(200, (("content-length", "9"),)),
        ),
        ("HEAD", Response(200), Response(200)),
        (
            "GET",
            Response(304, (("content-length", "9"),)),
            Response(304, (("content-length", "9"),)),
        ),
        ("GET", Response(204, (("content-length", "0"),)), Response(204)),
        (
            "GET",
            Response(200, (("connection", "x"), ("x", "1"), ("upgrade", "h2c"))),
            Response(200, (("content-length", "0"),)),
        ),
        ("GET", Response(0, (("a", "b"),), b"x"), Response(0)),
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
        "none",
    ],
)
def test_responses(method: str, response: Response, expected: Response) -> None:
    assert sent_response(response, method) == expected


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (Request("CONNECT", "http", "a:1", "a:1"), "tunnels"),
        (Request("GET", "http", "a", "/", (("upgrade", "websocket"),)), "tunnels"),
        (Request("G T", "http", "a", "/"), "no HTTP method"),
        (Request("GET", "http", "", "/"), "names no host"),
        (Request("GET", "http", "a\r\nb: c", "/"), "names no host"),
        (Request("GET", "http", "a", "b"), "does not begin with '/'"),
        (Request("GET", "http", "a", "*"), "does not begin with '/'"),
        (Request("GET", "http", "a", "http://[x/"), "no URL"),
        (Request("GET", "http", "a", "/\ud800"), "cannot stand"),
        (Request("GET", "http", "a", "/", (("a b", "c"),)), "'a b' cannot stand"),
        (Request("GET", "http", "a", "/", (("a", "b\nc"),)), "'a' cannot stand"),
        (Request("GET", "http", "a", "/", (("a", "\ud800"),)), "'a' cannot stand"),
    ],
    ids=lambda value: None if isinstance(value, str) else f"{value.method} {value.path!a}",
)
def test_what_cannot_be_played(request_: Request, text: str) -> None:
    with pytest.raises(UnplayableError, match=text):
        as_sent(Exchange(request_, OK))


@pytest.mark.parametrize("status", [101, 103, 1000, -1])
def test_statuses_that_are_no_final_response(status: int) -> None:
    with pytest.raises(UnplayableError, match=f"{status} is no final response"):
        sent_response(Response(status))
