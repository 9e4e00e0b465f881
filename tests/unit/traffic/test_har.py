"""What a HAR says, and what is made of it. Shapes are those that the named programs write."""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from messages import pairs
from wasmkit.traffic import _json, har
from wasmkit.traffic.har import RecordingError, parse_har, read_har

if TYPE_CHECKING:
    from wasmkit.http.message import Message
    from wasmkit.traffic.model import Exchange

FILE = Path("x.har")


def entry(**changes: Any) -> dict[str, Any]:
    request = {
        "method": "GET",
        "url": "http://a.example/",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "queryString": [],
        "headersSize": -1,
        "bodySize": -1,
        "comment": "",
    }
    response = {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": {"size": -1, "mimeType": ""},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }
    made: dict[str, Any] = {
        "startedDateTime": "2026-11-03T09:00:00.000Z",
        "time": 12.5,
        "request": request | changes.pop("request", {}),
        "response": response | changes.pop("response", {}),
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 0},
    }
    return made | changes


def document(*entries: Any) -> bytes:
    log = {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": list(entries)}
    return json.dumps({"log": log}).encode()


def one(**changes: Any) -> Exchange:
    (exchange,) = parse_har(document(entry(**changes)), FILE).exchanges
    return exchange


def answered(**changes: Any) -> Message:
    response = one(**changes).response
    assert response is not None
    return response


def headers(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def test_an_exchange() -> None:
    exchange = one(
        request={
            "method": "POST",
            "url": "https://user:secret@a.example:8443/p/a?q=1&q=2#part",
            "headers": headers(("Host", "b.example"), ("X-A", "1"), ("x-a", "2")),
            "postData": {"mimeType": "application/json", "text": '{"a":1}', "comment": ""},
            "bodySize": 7,
        },
        response={
            "status": 201,
            "headers": headers(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")),
            "content": {"size": 2, "mimeType": "text/plain", "text": "ok"},
        },
    )
    request, response = exchange.request, exchange.response
    assert response is not None
    assert request.method == b"POST"
    assert (request.scheme, request.authority) == (b"https", b"b.example")
    assert request.path == b"/p/a?q=1&q=2"
    assert request.fields == ((b"x-a", b"1"), (b"x-a", b"2"))
    assert request.body == b'{"a":1}'
    assert response.status == 201
    assert response.fields == ((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"))
    assert response.body == b"ok"
    assert exchange.started == 1793696400.0  # date -ud 2026-11-03T09:00Z +%s
    assert exchange.duration == 0.0125
    assert exchange.notes == ()


@pytest.mark.parametrize(
    ("url", "pairs", "authority", "path"),
    [
        pytest.param("http://a.example", [], "a.example", "/", id="no path"),
        pytest.param("http://a.example?q", [], "a.example", "/?q", id="query only"),
        pytest.param("http://u:p@a.example:80/x", [], "a.example:80", "/x", id="user, port"),
        pytest.param("http://[::1]:80/x", [], "[::1]:80", "/x", id="IPv6"),
        pytest.param("http://a.example/ü x", [], "a.example", "/%C3%BC%20x", id="raw text"),
        pytest.param("http://a.example/%2f?a=%20", [], "a.example", "/%2f?a=%20", id="encoded"),
        pytest.param(
            "https://a.example/p",
            [(":authority", "h2.example"), (":method", "GET"), (":path", "/p"), ("host", "h1")],
            "h2.example",
            "/p",
            id="HTTP/2 pseudo headers (Chromium)",
        ),
    ],
)
def test_target(url: str, pairs: list[tuple[str, str]], authority: str, path: str) -> None:
    request = one(request={"url": url, "headers": headers(*pairs)}).request
    assert (request.authority, request.path) == (authority.encode(), path.encode())
    assert request.fields == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a=1\nb=2", (("set-cookie", "a=1"), ("set-cookie", "b=2")), id="lines"),
        pytest.param("  a \t", (("set-cookie", "a"),), id="blanks"),
        pytest.param("", (("set-cookie", ""),), id="empty"),
        pytest.param(
            "\udce9", (("set-cookie", "\udce9"),), id="a byte that is no text (mitmproxy)"
        ),
    ],
)
def test_header_values(value: str, expected: tuple[tuple[str, str], ...]) -> None:
    response = answered(response={"headers": headers(("Set-Cookie", value))})
    assert response.fields == pairs(expected)


def test_headers_that_cannot_be_sent_are_left_out_with_a_note() -> None:
    exchange = one(request={"headers": headers(("a b", "1"), ("", "2"), ("ok", "a\x00b"))})
    assert exchange.request.fields == ()
    assert len(exchange.notes) == 3


GZIPPED = headers(("Content-Encoding", "gzip"), ("Content-Length", "999"))


@pytest.mark.parametrize(
    ("pairs", "content", "body", "length", "note"),
    [
        pytest.param([], {"text": "a\r\nü"}, "a\r\nü".encode(), None, "", id="text"),
        pytest.param(
            [("content-length", "9")],
            {"text": base64.b64encode(b"\x89P\0").decode(), "encoding": "base64"},
            b"\x89P\0",
            "3",
            "",
            id="base64, length corrected",
        ),
        pytest.param(
            [("content-type", "text/html; charset=ISO-8859-1")],
            {"text": "Grüße €"},
            b"Gr\xfc\xdfe \x80",
            None,
            "",
            id="Latin-1 is Windows-1252 (WHATWG)",
        ),
        pytest.param(
            [], {"mimeType": "text/plain;charset=koi8-r", "text": "я"}, b"\xd1", None, "", id="mime"
        ),
        pytest.param(
            [("content-type", "text/plain; charset=ascii")],
            {"text": "я"},
            "я".encode(),
            None,
            "the text is played in UTF-8, not in ascii",
            id="not in that charset",
        ),
        pytest.param(
            [("content-type", "text/plain; charset=rot13")],
            {"text": "é"},
            "é".encode(),
            None,
            "the text is played in UTF-8, not in rot13",
            id="a codec of Python that is no charset",
        ),
        pytest.param(
            [("content-type", "image/png"), ("content-length", "3")],
            {"text": "\x89P\xff"},
            b"\x89P\xff",
            "3",
            "",
            id="bytes as Latin-1 (mitmproxy): the size tells",
        ),
        pytest.param(
            [("content-length", "5")],
            {"text": "\ufffdPNG"},
            b"\xef\xbf\xbdPNG",
            "6",
            "lost",
            id="lost",
        ),
        pytest.param([], {}, b"", None, "", id="content without text"),
        pytest.param(
            [("content-length", "7")], {"size": 7}, b"", "0", "not recorded", id="not recorded"
        ),
        pytest.param(
            [("transfer-encoding", "chunked")], {"text": "a"}, b"a", None, "", id="chunked"
        ),
        pytest.param(
            [("content-encoding", "br"), ("content-length", "1")],
            {"text": "plain"},
            b"plain",
            "5",
            "without its content-encoding br",
            id="br cannot be applied",
        ),
        pytest.param(
            [("content-encoding", "identity")], {"text": "a"}, b"a", None, "", id="identity"
        ),
    ],
)
def test_response_body(
    pairs: list[tuple[str, str]],
    content: dict[str, Any],
    body: bytes,
    length: str | None,
    note: str,
) -> None:
    exchange = one(response={"headers": headers(*pairs), "content": {"size": -1} | content})
    response = exchange.response
    assert response is not None
    assert response.body == body
    assert response.get(b"content-length") == (None if length is None else length.encode())
    assert response.get(b"transfer-encoding") is None
    assert response.get(b"content-encoding") != b"br"
    assert note in " ".join(exchange.notes)
    assert bool(note) == bool(exchange.notes)


@pytest.mark.parametrize(
    ("coding", "undo"),
    [
        ("gzip", gzip.decompress),
        ("x-gzip", gzip.decompress),
        ("GZIP", gzip.decompress),
        ("deflate", zlib.decompress),
        ("deflate, gzip", lambda data: zlib.decompress(gzip.decompress(data))),
    ],
)
def test_a_filter_sees_compressed_what_was_compressed(coding: str, undo: Any) -> None:
    pairs = headers(("Content-Encoding", coding), ("Content-Length", "1"))
    response = answered(response={"headers": pairs, "content": {"text": "tea " * 100}})
    assert undo(response.body) == b"tea " * 100
    assert response.get(b"content-length") == b"%d" % len(response.body)


def test_what_is_still_compressed_stays_so() -> None:
    data = gzip.compress(b"tea", mtime=0)
    text = base64.b64encode(data).decode()
    content = {"text": text, "encoding": "base64"}
    assert answered(response={"headers": GZIPPED, "content": content}).body == data


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 204)])
def test_no_body_but_its_headers(method: str, status: int) -> None:
    """A browser shows what it had in its cache as the content of a 304."""
    response = answered(
        request={"method": method},
        response={"status": status, "headers": GZIPPED, "content": {"size": 9, "text": "cached"}},
    )
    assert response.body == b""
    assert response.fields == ((b"content-encoding", b"gzip"), (b"content-length", b"999"))


@pytest.mark.parametrize(
    ("post", "body", "note"),
    [
        pytest.param(
            {"text": "a=%201", "params": [{"name": "a", "value": "%201"}]}, b"a=%201", "", id="text"
        ),
        pytest.param(
            {
                "mimeType": "application/x-www-form-urlencoded",
                "params": [
                    {"name": "a b", "value": "ü&"},
                    {"name": "c", "value": "d%20e+f"},
                    {"name": "g"},
                ],
            },
            b"a+b=%C3%BC%26&c=d%20e+f&g=",
            "made again",
            id="form",
        ),
        pytest.param(
            {
                "mimeType": 'multipart/form-data; boundary="B"',
                "text": "",
                "params": [
                    {"name": "t", "value": "v"},
                    {"name": "f", "fileName": 'a"b', "contentType": "text/plain", "value": "x"},
                ],
            },
            b'--B\r\nContent-Disposition: form-data; name="t"\r\n\r\nv\r\n'
            b'--B\r\nContent-Disposition: form-data; name="f"; filename="a%22b"\r\n'
            b"Content-Type: text/plain\r\n\r\nx\r\n--B--\r\n",
            "made again",
            id="multipart",
        ),
        pytest.param({"text": "eA==", "encoding": "base64"}, b"x", "", id="base64"),
        pytest.param({}, b"", "", id="empty"),
        pytest.param(None, b"", "", id="null"),
    ],
)
def test_request_body(post: Any, body: bytes, note: str) -> None:
    exchange = one(request={"method": "POST", "postData": post})
    assert exchange.request.body == body
    assert note in " ".join(exchange.notes)
    assert bool(note) == bool(exchange.notes)


def test_a_request_body_that_is_missing_is_noted() -> None:
    assert one(request={"method": "POST", "bodySize": 9}).notes == (
        "the request's body was not recorded",
    )


def test_what_firefox_writes() -> None:
    """Its ``bodySize`` counts characters in requests, and headers in responses."""
    exchange = one(
        startedDateTime="2026-11-03T10:00:00.000+01:00",
        request={
            "method": "POST",
            "headers": headers(("Content-Type", "application/json"), ("Content-Length", "6")),
            "postData": {"mimeType": "application/json", "params": [], "text": '"Zoë"'},
            "bodySize": 5,
        },
        response={
            "status": 302,
            "headers": headers(("location", "/x"), ("content-length", "0")),
            "content": {"mimeType": "text/html; charset=utf-8", "size": 0, "text": ""},
            "bodySize": 187,
        },
    )
    assert exchange.request.body == '"Zoë"'.encode()
    assert exchange.started == 1793696400.0
    assert exchange.notes == ()
    left_out = {"mimeType": "text/html", "size": 9, "comment": "Response bodies are not included."}
    assert one(response={"content": left_out}).notes == ("the response's body was not recorded",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request": {"url": "data:text/plain,x"}}, "data: is not HTTP"),
        ({"request": {"url": "blob:http://a/1"}}, "blob: is not HTTP"),
        ({"request": {"url": "chrome-extension://a/x.js"}}, "chrome-extension: is not HTTP"),
        ({"request": {"url": "wss://a.example/"}}, "a WebSocket"),
        ({"_resourceType": "websocket"}, "a WebSocket"),
        ({"response": {"status": 101}}, "a WebSocket"),
        ({"request": {"method": "CONNECT"}}, "a tunnel"),
        ({"_fromCache": "disk"}, "it came from the browser's cache"),
        ({"response": {"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT"}}, "did not send it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_never_crossed_a_proxy_is_left_out(changes: dict[str, Any], reason: str) -> None:
    recording = parse_har(document(entry(), entry(**changes)), FILE)
    assert len(recording.exchanges) == 1
    (note,) = recording.notes
    assert note.startswith("entry 2 is left out: ")
    assert reason in note


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(
            {"status": 0, "statusText": "", "_error": "net::ERR_CONNECTION_REFUSED"}, id="Chromium"
        ),
        pytest.param({"status": 0, "content": {}, "_error": "refused"}, id="mitmproxy"),
        pytest.param({"status": None}, id="null"),
    ],
)
def test_a_response_that_never_came(response: dict[str, Any]) -> None:
    exchange = one(response=response)
    assert exchange.response is None
    assert exchange.notes[0].startswith("no response came: ")


def test_exchanges_are_in_the_order_of_their_start() -> None:
    dates = ["2026-11-03T09:00:02Z", "2026-11-03T10:00:01+01:00", "soon", "2026-11-03T09:00:00"]
    entries = [
        entry(startedDateTime=date, request={"url": f"http://a.example/{number}"})
        for number, date in enumerate(dates)
    ]
    recording = parse_har(document(*entries), FILE)
    assert [each.request.path for each in recording.exchanges] == [b"/3", b"/1", b"/2", b"/0"]
    assert [each.notes for each in recording.exchanges][2] == ("when it started is not known",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_that_tools_write(encoding: str) -> None:
    text = document(entry(response={"content": {"text": "ü"}})).decode()
    (exchange,) = parse_har(text.encode(encoding), FILE).exchanges
    assert exchange.response is not None
    assert exchange.response.body == "ü".encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.har:1: no valid JSON: Expecting value"),
        (b'{"log":\n\n {,', "x.har:3: no valid JSON: "),
        (b"\xff\xfe\xff", "x.har:1: is not utf-16"),
        (b'{"log": "\n\xff"}', "x.har:2: is not utf-8 text"),
        (b"[]", "x.har: is no HAR: it has no 'log'"),
        (b"{}", "x.har: is no HAR: it has no 'log'"),
        (b'{"log": []}', "x.har: log: must be an object"),
        (b'{"log": {}}', "x.har: log.entries: is missing"),
        (b'{"log": {"entries": {}}}', "x.har: log.entries: must be an array"),
        (b'{"log": {"entries": [1]}}', "x.har: log.entries[0]: must be an object"),
        (b'{"log": {"entries": [{}]}}', "x.har: log.entries[0].request: is missing"),
        (b'{"log": NaN}', "x.har: no valid JSON: NaN is no JSON number"),
        (b'{"log": ' + b"9" * 5000 + b"}", "x.har: no valid JSON: "),
        (b"[" * 100_000, "x.har: is nested too deeply"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_no_har(data: bytes, message: str) -> None:
    with pytest.raises(RecordingError) as caught:
        parse_har(data, FILE)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"request": {"url": 1}}, "request.url: must be a string"),
        ({"request": {"url": None}}, "request.url: is missing"),
        ({"request": {"url": "/x"}}, "request.url: is no absolute URL"),
        ({"request": {"url": "http:///x"}}, "request.url: names no host"),
        ({"request": {"url": "http://[x/"}}, "request.url: is no URL"),
        ({"request": {"url": "http://a\\b/"}}, "request.url: names no host"),
        ({"request": {"url": "http://a.example/\ud800"}}, "request.url: holds half a surrogate"),
        ({"request": {"method": "G E"}}, "request.method: is no HTTP method"),
        ({"request": {"headers": {}}}, "request.headers: must be an array"),
        ({"request": {"headers": [1]}}, "request.headers[0]: must be an object"),
        ({"request": {"headers": [{"name": 1}]}}, "request.headers[0].name: must be a string"),
        ({"request": {"headers": headers(("a", "b")) * 1025}}, "request.headers: holds over 1024"),
        ({"response": None}, "response: is missing"),
        ({"response": {"status": "200"}}, "response.status: must be a number"),
        ({"response": {"status": 200.5}}, "response.status: is no status"),
        ({"response": {"status": 1e999}}, "response.status: "),
        ({"response": {"status": 700}}, "response.status: is no status"),
        ({"response": {"content": 1}}, "response.content: must be an object"),
        ({"response": {"content": {"text": 1}}}, "response.content.text: must be a string"),
        (
            {"response": {"content": {"text": "a", "encoding": "base64"}}},
            "response.content.text: no valid base64",
        ),
        (
            {"response": {"content": {"text": "a", "encoding": "hex"}}},
            "response.content.encoding: is unknown",
        ),
        ({"time": "1"}, "time: must be a number"),
        ({"time": True}, "time: must be a number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_name_the_place(changes: dict[str, Any], message: str) -> None:
    bad = entry()
    for key, value in changes.items():
        bad[key] = bad[key] | value if isinstance(value, dict) else value
    data = document(entry(), bad).replace(b"Infinity", b"1e999")
    with pytest.raises(RecordingError) as caught:
        parse_har(data, FILE)
    assert str(caught.value).startswith(f"x.har: log.entries[1].{message}")


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "big.har"
    file.write_bytes(document(entry(), entry()))
    monkeypatch.setattr(har, "MAX_ENTRIES", 1)
    with pytest.raises(RecordingError, match=r"log\.entries: holds over 1 entries"):
        read_har(file)
    monkeypatch.setattr(har, "MAX_BYTES", 100)
    with pytest.raises(RecordingError, match=r"big\.har: is larger than"):
        read_har(file)


def test_only_files_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.har"
    os.mkfifo(pipe)
    for path, message in [
        (tmp_path, "is no file"),
        (tmp_path / "none.har", "not found"),
        (pipe, "is no file"),  # opening it would wait for ever
        (Path("a\0b"), "cannot be read"),
        (tmp_path / ("n" * 300), "cannot be read"),
    ]:
        with pytest.raises(RecordingError, match=message):
            read_har(path)


def test_the_name_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(document())
    assert read_har(tmp_path / "a.har").name == "a.har"


def test_a_node_says_where_it_is() -> None:
    node = _json.parse(b'{"a": [{"b": 1e400}]}', FILE)
    (item,) = node["a"].items()
    with pytest.raises(RecordingError, match=r"a\[0\]\.b: is too large a number"):
        item["b"].number(0)
