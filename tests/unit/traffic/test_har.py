"""What a HAR says, and what is made of it. Shapes are those that the named programs write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from har_documents import FILE, answered, document, entry, headers, one
from messages import pairs
from wasmkit.errors import InputError
from wasmkit.traffic import har
from wasmkit.traffic.har import parse_har, read_har


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
            "\udce9", (("set-cookie", "\udce9"),), id="a byte that is not text (mitmproxy)"
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
        (b"", "x.har:1: not valid JSON: Expecting value"),
        (b'{"log":\n\n {,', "x.har:3: not valid JSON: "),
        (b"\xff\xfe\xff", "x.har:1: is not utf-16"),
        (b'{"log": "\n\xff"}', "x.har:2: is not utf-8 text"),
        (b"[]", "x.har: is not a HAR: it has no 'log'"),
        (b"{}", "x.har: is not a HAR: it has no 'log'"),
        (b'{"log": []}', "x.har: log: must be an object"),
        (b'{"log": {}}', "x.har: log.entries: is missing"),
        (b'{"log": {"entries": {}}}', "x.har: log.entries: must be an array"),
        (b'{"log": {"entries": [1]}}', "x.har: log.entries[0]: must be an object"),
        (b'{"log": {"entries": [{}]}}', "x.har: log.entries[0].request: is missing"),
        (b'{"log": NaN}', "x.har: not valid JSON: NaN is not a JSON number"),
        (b'{"log": ' + b"9" * 5000 + b"}", "x.har: not valid JSON: "),
        (b"[" * 100_000, "x.har: is nested too deeply"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_no_har(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_har(data, FILE)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"request": {"url": 1}}, "request.url: must be a string"),
        ({"request": {"url": None}}, "request.url: is missing"),
        ({"request": {"url": "/x"}}, "request.url: is not an absolute URL"),
        ({"request": {"url": "http:///x"}}, "request.url: names no host"),
        ({"request": {"url": "http://[x/"}}, "request.url: is not a URL"),
        ({"request": {"url": "http://a\\b/"}}, "request.url: names no host"),
        ({"request": {"url": "http://a.example/\ud800"}}, "request.url: holds half a surrogate"),
        ({"request": {"method": "G E"}}, "request.method: is not an HTTP method"),
        ({"request": {"headers": {}}}, "request.headers: must be an array"),
        ({"request": {"headers": [1]}}, "request.headers[0]: must be an object"),
        ({"request": {"headers": [{"name": 1}]}}, "request.headers[0].name: must be a string"),
        ({"request": {"headers": headers(("a", "b")) * 1025}}, "request.headers: holds over 1024"),
        ({"response": None}, "response: is missing"),
        ({"response": {"status": "200"}}, "response.status: must be a number"),
        ({"response": {"status": 200.5}}, "response.status: is not a status"),
        ({"response": {"status": 1e999}}, "response.status: "),
        ({"response": {"status": 700}}, "response.status: is not a status"),
        ({"response": {"content": 1}}, "response.content: must be an object"),
        ({"response": {"content": {"text": 1}}}, "response.content.text: must be a string"),
        (
            {"response": {"content": {"text": "a", "encoding": "base64"}}},
            "response.content.text: not valid base64",
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
    with pytest.raises(InputError) as caught:
        parse_har(data, FILE)
    assert str(caught.value).startswith(f"x.har: log.entries[1].{message}")


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "big.har"
    file.write_bytes(document(entry(), entry()))
    monkeypatch.setattr(har, "MAX_ENTRIES", 1)
    with pytest.raises(InputError, match=r"log\.entries: holds over 1 entries"):
        read_har(file)
    monkeypatch.setattr(har, "MAX_BYTES", 100)
    with pytest.raises(InputError, match=r"big\.har: is larger than"):
        read_har(file)


def test_only_files_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.har"
    os.mkfifo(pipe)
    for path, message in [
        (tmp_path, "is not a file"),
        (tmp_path / "none.har", "not found"),
        (pipe, "is not a file"),  # opening it would wait for ever
        (Path("a\0b"), "cannot be read"),
        (tmp_path / ("n" * 300), "cannot be read"),
    ]:
        with pytest.raises(InputError, match=message):
            read_har(path)


def test_the_name_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(document())
    assert read_har(tmp_path / "a.har").name == "a.har"
