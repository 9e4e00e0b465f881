"""The wire form of header maps; the example's bytes are put down by hand from the specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmkit.abi.pairs import MAX_PAIRS, MAX_PAIRS_BYTES, decode_pairs, encode_pairs

PAIRS = [(b"a", b"1"), (b":path", b""), (b"a", b"\0\xff")]
WIRE = bytes.fromhex(
    "0300000001000000 0100000005000000 0000000001000000 020000006100 31003a7061746800 006100 00ff00"
)


def test_an_example() -> None:
    assert encode_pairs(PAIRS) == WIRE
    assert encode_pairs(iter(PAIRS)) == WIRE
    assert decode_pairs(WIRE) == PAIRS


def test_no_pairs() -> None:
    assert encode_pairs([]) == b"\0\0\0\0"
    assert decode_pairs(b"\0\0\0\0") == decode_pairs(b"") == []


def test_limits_are_envoys() -> None:
    assert (MAX_PAIRS, MAX_PAIRS_BYTES) == (1024, 1 << 20)  # proxy-wasm-cpp-host limits.h


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"\1\0\0", "shorter than their count", id="no-count"),
        pytest.param(b"\1\0\0\0", "1 pairs do not fit into 4 bytes", id="no-lengths"),
        pytest.param(b"\xff\xff\xff\xff" + bytes(64), "do not fit", id="four-billion"),
        pytest.param(WIRE[:-1], "cut short", id="cut"),
        pytest.param(WIRE[:29] + b"x" + WIRE[30:], "no NUL", id="no-nul"),
        pytest.param(WIRE + b"\0", "1 bytes left over", id="more"),
        pytest.param(b"\0\0\0\0\0", "1 bytes left over", id="more-than-nothing"),
        pytest.param(
            b"\1\0\0\0" + b"\xff" * 8 + b"a\0b\0", "cut short", id="a-string-of-four-gigabytes"
        ),
    ],
)
def test_what_does_not_fit_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"pairs: .*{why}"):
        decode_pairs(data)


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=20))
def test_pairs_come_back(pairs: list[tuple[bytes, bytes]]) -> None:
    wire = encode_pairs(pairs)
    assert decode_pairs(wire) == pairs
    assert len(wire) == 4 + sum(8 + len(key) + len(value) + 2 for key, value in pairs)


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda data: b"\1\0\0\0" + data))
def test_any_bytes_are_pairs_or_refused(data: bytes) -> None:
    try:
        pairs = decode_pairs(data)
    except ValueError:
        return
    assert not data or encode_pairs(pairs) == data
