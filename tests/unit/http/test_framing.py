from __future__ import annotations

import pytest

from wasmkit.http.framing import FRAMING, content_length, has_no_body, with_length, without

HEADERS = ((b"a", b"1"), (b"content-length", b"9"), (b"connection", b"x"))


@pytest.mark.parametrize(
    ("method", "status", "empty"),
    [(b"GET", 200, False), (b"HEAD", 200, True), (b"GET", 204, True), (b"POST", 101, True)],
)
def test_has_no_body(method: bytes, status: int, *, empty: bool) -> None:
    assert has_no_body(method, status) is empty


@pytest.mark.parametrize(
    ("value", "length"),
    [(b"0", 0), (b"123", 123), (b"", None), (b"-1", None), (b"1 ", None), (b"9" * 19, None)],
)
def test_content_length(value: bytes, length: int | None) -> None:
    assert content_length(value) == length


def test_a_length_stands_once_where_one_stood() -> None:
    assert with_length((*HEADERS, HEADERS[1]), 3) == (
        (b"a", b"1"),
        (b"content-length", b"3"),
        (b"connection", b"x"),
    )
    assert with_length(HEADERS[:1], 3) == HEADERS[:1]
    assert with_length(HEADERS, None) == (HEADERS[0], HEADERS[2])


def test_headers_are_left_out_by_name() -> None:
    assert without(HEADERS, FRAMING) == HEADERS[:2]
