from __future__ import annotations

import gzip
import zlib

import pytest

from wasmkit.http.codings import content_codings, decoded_body, encode
from wasmkit.http.message import Message


def encoded(data: bytes, coding: bytes) -> Message:
    return Message.response(200, ((b"content-encoding", coding),), data)


@pytest.mark.parametrize(
    ("coding", "data", "plain"),
    [
        (b"gzip", gzip.compress(b"tea", mtime=0), b"tea"),
        (b"deflate", zlib.compress(b"tea"), b"tea"),
        (b"deflate, gzip", gzip.compress(zlib.compress(b"tea"), mtime=0), b"tea"),
        (b"identity", b"tea", b"tea"),
        (b"br", b"tea", b"tea"),
        (b"gzip", b"tea", b"tea"),
        (b"gzip", gzip.compress(b"tea", mtime=0)[:-4], gzip.compress(b"tea", mtime=0)[:-4]),
        (b"gzip", b"", b""),
    ],
)
def test_a_body_is_decoded(coding: bytes, data: bytes, plain: bytes) -> None:
    assert decoded_body(encoded(data, coding)) == plain


def test_a_bomb_is_left_as_it_is() -> None:
    bomb = gzip.compress(bytes(65 * 1024 * 1024))
    assert decoded_body(encoded(bomb, b"gzip")) is bomb


def test_codings_of_several_headers_stand_in_the_order_of_their_application() -> None:
    headers = ((b"content-encoding", b"Deflate, identity"), (b"x", b"y"))
    assert content_codings((*headers, (b"content-encoding", b" GZIP,"))) == (b"deflate", b"gzip")


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"deflate", b"deflate, gzip"])
def test_what_is_encoded_can_be_decoded(coding: bytes) -> None:
    data = encode(b"tea " * 100, content_codings(((b"content-encoding", coding),)))
    assert data is not None
    assert len(data) < 100
    assert decoded_body(encoded(data, coding)) == b"tea " * 100


def test_what_cannot_be_encoded_or_is_already() -> None:
    assert encode(b"tea", (b"gzip", b"br")) is None
    assert encode(b"", (b"br",)) == b""
    data = gzip.compress(b"tea")
    assert encode(data, (b"gzip",)) == data
