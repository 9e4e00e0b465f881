"""Bodies of a HAR as they crossed the wire, with what is noted for people."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import Any

import pytest

from har_documents import answered, headers, one

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
            id="a codec of Python that is not a charset",
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
