from __future__ import annotations

import pytest

from wasmkit.host.buffer import Buffer


@pytest.mark.parametrize(
    ("start", "size", "data", "result"),
    [
        pytest.param(0, 0, b"X", b"Xabc", id="prepend"),
        pytest.param(0, 2, b"X", b"Xc", id="replace at the front"),
        pytest.param(0, 99, b"X", b"X", id="replace all"),
        pytest.param(3, 0, b"X", b"abcX", id="append at the end"),
        pytest.param(99, 5, b"X", b"abcX", id="append past the end"),
        pytest.param(1, 1, b"X", None, id="in the middle"),
    ],
)
def test_write_as_envoy_allows_it(start: int, size: int, data: bytes, result: bytes | None) -> None:
    buffer = Buffer(b"abc")
    assert buffer.write(start, size, data) is (result is not None)
    assert buffer.read(0, 99) == (result or b"abc")


def test_read_is_cut_at_the_end() -> None:
    buffer = Buffer(b"abc")
    assert buffer.read(1, 1) == b"b"
    assert buffer.read(2, 99) == b"c"
    assert buffer.read(9, 1) == b""


def test_take_empties() -> None:
    buffer = Buffer(b"abc")
    assert buffer.take() == b"abc"
    assert len(buffer) == 0
