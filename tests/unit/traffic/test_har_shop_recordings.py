"""The real recordings, against what the shop says it answered.

Chromium's DevTools and mitmproxy wrote them; ``capture/shop.py`` knows nothing of HAR.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from capture.shop import answer
from wasmkit.traffic.har import read_har

if TYPE_CHECKING:
    from wasmkit.traffic.model import Recording

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"


@pytest.fixture(params=["shop.har", "shop-chromium.har"])
def recording(request: pytest.FixtureRequest) -> Recording:
    return read_har(RECORDINGS / request.param)


def test_everything_is_there(recording: Recording) -> None:
    assert recording.notes == ()
    seen = {
        (each.request.method.decode(), each.response.status)
        for each in recording.exchanges
        if each.response is not None
    }
    assert seen == {
        ("GET", 200), ("GET", 302), ("GET", 304), ("GET", 404), ("HEAD", 200),
        ("POST", 201), ("POST", 303), ("POST", 500), ("PUT", 200), ("DELETE", 204),
    }  # fmt: skip
    assert {each.request.authority for each in recording.exchanges} == {b"shop.example"}


def test_responses_are_what_the_shop_sent(recording: Recording) -> None:
    for exchange in recording.exchanges:
        request, response = exchange.request, exchange.response
        if exchange.notes:
            continue  # the notes are looked at below
        assert response is not None
        known = request.get(b"if-none-match")
        sent = answer(
            request.method.decode(),
            request.path.decode(),
            request.body,
            None if known is None else known.decode(),
        )
        assert response.status == sent.status
        body = b"" if request.method == b"HEAD" else sent.body
        if dict(sent.headers).get("Content-Encoding") == "gzip":
            assert gzip.decompress(response.body) == gzip.decompress(body)
        else:
            assert response.body == body
        for name in {name for name, _ in sent.headers}:
            values = [value.encode() for header, value in sent.headers if header == name]
            wanted = name.lower().encode()
            got = [value for header, value in response.headers if header == wanted]
            assert got == values


def test_what_each_recorder_loses() -> None:
    """mitmproxy's is complete. DevTools drop a body read as a blob, and write bytes as text."""
    assert not any(each.notes for each in read_har(RECORDINGS / "shop.har").exchanges)
    chromium = read_har(RECORDINGS / "shop-chromium.har")
    notes = {each.title: each.notes for each in chromium.exchanges if each.notes}
    assert list(notes) == ["GET /logo.png", "PUT /api/photo"]
    assert notes["GET /logo.png"] == ("the response's body was not recorded",)
    assert "bytes that are not text were lost" in notes["PUT /api/photo"][0]


def test_bodies_of_requests(recording: Recording) -> None:
    bodies = [each.request.body for each in recording.exchanges if each.request.method == b"POST"]
    assert bodies[0] == '{"sku":"TEA-003","quantity":2,"note":"für Zoë"}'.encode()
    assert bodies[1] == b'{"sku": "TEA-003", "quanti'
    assert bodies[3] == b"mail=zoe%40example.com&topic=new+%26+rare"


def test_a_put_picture_is_exact_to_the_byte() -> None:
    recording = read_har(RECORDINGS / "shop.har")
    (put,) = [each for each in recording.exchanges if each.request.method == b"PUT"]
    assert put.request.body == answer("GET", "/logo.png", b"", None).body
