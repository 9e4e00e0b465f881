from __future__ import annotations

import pytest

from wasmkit.http.message import Message
from wasmkit.traffic.model import Exchange, Recording


def request(method: bytes, path: bytes) -> Message:
    return Message(((b":method", method), (b":path", path), (b"path", b"/other")))


@pytest.mark.parametrize(
    ("method", "path", "title"),
    [
        (b"GET", b"/", "GET /"),
        (b"POST", b"/a?b=c", "POST /a?b=c"),
        (b"GET", "/tea/茶".encode(), "GET /tea/茶"),
        (b"GET", b"/\xff", "GET /\udcff"),
        (b"OPTIONS", b"*", "OPTIONS *"),
    ],
)
def test_a_title_is_method_and_target(method: bytes, path: bytes, title: str) -> None:
    assert Exchange(request(method, path), None).title == title


def test_what_is_not_known_has_a_default() -> None:
    exchange = Exchange(request(b"GET", b"/"), None)
    assert (exchange.started, exchange.duration, exchange.notes) == (0, 0, ())
    recording = Recording("a.har")
    assert (recording.exchanges, recording.notes) == ((), ())
