from __future__ import annotations

import json

from wasmkit.http.message import Message
from wasmkit.serve.echo import echo


def test_it_tells_what_it_saw() -> None:
    request = Message.request(
        b"POST",
        b"/a?b=c",
        authority=b"x",
        headers=((b"a", b"1"), (b"a", b"2")),
        body="é".encode(),
        trailers=((b"t", b"v"),),
    )
    response = echo(request)
    assert response.status == 200
    assert response.get(b"content-length") == b"%d" % len(response.body)
    assert json.loads(response.body) == {
        "method": "POST",
        "path": "/a?b=c",
        "headers": ["host: x", "a: 1", "a: 2"],
        "body": "é",
        "trailers": ["t: v"],
    }


def test_bytes_that_are_no_text_are_told_in_base64() -> None:
    request = Message(((b":method", b"PUT"), (b"x", b"\xff")), (b"\xff",))
    seen = json.loads(echo(request).body)
    assert seen["body_base64"] == "/w=="
    assert "body" not in seen
    assert seen["headers"] == ["x: \udcff"]
