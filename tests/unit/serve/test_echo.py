from __future__ import annotations

import json

from wasmkit.http.http1 import Message
from wasmkit.serve.echo import echo


def test_it_tells_what_it_saw() -> None:
    request = Message(
        "POST /a?b=c HTTP/1.1", (("host", "x"), ("a", "1"), ("a", "2")), "é".encode(), (("t", "v"),)
    )
    response = echo(request)
    assert response.status == 200
    assert response.header("content-length") == str(len(response.body))
    assert json.loads(response.body) == {
        "method": "POST",
        "path": "/a?b=c",
        "headers": ["host: x", "a: 1", "a: 2"],
        "body": "é",
        "trailers": ["t: v"],
    }


def test_bytes_that_are_no_text_are_told_in_base64() -> None:
    seen = json.loads(echo(Message("PUT / HTTP/1.1", (("x", "\udcff"),), b"\xff")).body)
    assert seen["body_base64"] == "/w=="
    assert "body" not in seen
    assert seen["headers"] == ["x: \udcff"]
