"""Reading step by step; the encodings are those of the core specification, 5.2 and 5.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmkit.wasm.cursor import MAX_ELEMENTS, Cursor
from wasmkit.wasm.parts import Limits

if TYPE_CHECKING:
    from collections.abc import Callable


def cursor(text: str) -> Cursor:
    """Return a cursor over hexadecimal bytes, between two that it must not read."""
    data = bytes.fromhex(text)
    return Cursor(b"\xee" + data + b"\xee", 1, 1 + len(data))


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("05", Cursor.byte, 5),
        ("05", Cursor.peek, 5),
        ("e58e26", Cursor.u32, 624485),
        ("ffffffff0f", Cursor.u32, 2**32 - 1),
        ("e58e26", Cursor.u64, 624485),
        ("ffffffffffffffffff01", Cursor.u64, 2**64 - 1),
        ("80808000", Cursor.u64, 0),
        ("03e280a6", Cursor.name, "…"),
        ("00", Cursor.name, ""),
        ("0203 04", Cursor.count, 2),
        ("7f", Cursor.value_type, b"\x7f"),
        ("63808001", Cursor.value_type, b"\x63\x80\x80\x01"),
        ("6470", Cursor.value_type, b"\x64\x70"),
        ("0000", Cursor.limits, Limits(0, None, 0)),
        ("01028001", Cursor.limits, Limits(2, 128, 1)),
        ("030101", Cursor.limits, Limits(1, 1, 3)),
        ("0480808080808001", Cursor.limits, Limits(2**42, None, 4)),
        ("080500", Cursor.limits, Limits(5, None, 8)),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_what_is_read(text: str, read: Callable[[Cursor], object], value: object) -> None:
    assert read(cursor(text)) == value


@pytest.mark.parametrize(
    ("text", "read", "left"),
    [
        ("05", Cursor.byte, 0),
        ("05", Cursor.peek, 1),
        ("800101", Cursor.u32, 1),
        ("8080800001", Cursor.u64, 1),
        ("036162636465", Cursor.name, 2),
        ("0203 04", Cursor.count, 2),
        ("63808001ff", Cursor.value_type, 1),
        ("6b6b", Cursor.heap_type, 1),
        ("0501020304", Cursor.limits, 2),
        ("0d0102030405", Cursor.limits, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_where_reading_ends(text: str, read: Callable[[Cursor], object], left: int) -> None:
    item = cursor(text)
    read(item)
    assert item.end - item.position == left


@pytest.mark.parametrize(
    ("text", "read", "why"),
    [
        ("ffffffff1f", Cursor.u32, "more than 32 bits"),
        ("80" * 10 + "00", Cursor.u64, "more than 64 bits"),
        ("01ff", Cursor.name, "utf-8"),
        ("03 0000", Cursor.count, "3 items does not fit"),
        ("10", Cursor.limits, "unknown flags 0x10"),
    ],
    ids=["u32", "u64", "name", "count", "limits"],
)
def test_what_the_format_does_not_allow(
    text: str, read: Callable[[Cursor], object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        read(cursor(text))


@pytest.mark.parametrize(
    ("text", "size"), [("", 1), ("0102", 3), ("0102", 1 << 40)], ids=["empty", "one", "far"]
)
def test_nothing_is_taken_past_the_end(text: str, size: int) -> None:
    item = cursor(text)
    for step in (item.take, item.skip):
        with pytest.raises(IndexError):
            step(size)
    assert item.position == 1


def test_bytes_are_taken_in_order() -> None:
    item = cursor("0102030405")
    assert item.take(2) == b"\x01\x02"
    item.skip(1)
    assert item.take(0) == b""
    assert item.take(2) == b"\x04\x05"
    item.expect_end(item.end)


def test_an_end_that_is_elsewhere() -> None:
    item = cursor("0102")
    with pytest.raises(ValueError, match="does not end where it says"):
        item.expect_end(item.end)


def test_vectors_have_a_limit() -> None:
    data = b"\xc1\x84\x3d" + bytes(1_000_001)  # 1,000,001
    with pytest.raises(ValueError, match="longer than any engine takes"):
        Cursor(data, 0, len(data)).count()
    assert Cursor(data, 0, len(data)).count(2_000_000) == 1_000_001


def test_table_entries_have_a_limit_in_all() -> None:
    assert MAX_ELEMENTS == 10_000_000  # V8's
    vector = b"\xc1\x96\xb1\x02" + bytes(5_000_001)  # 5,000,001
    item = Cursor(vector * 2, 0, 2 * len(vector))
    assert item.element_count() == 5_000_001
    item.skip(5_000_001)
    with pytest.raises(ValueError, match="longer than any engine takes"):
        item.element_count()


@given(st.integers(0, 2**64 - 1), st.integers(0, 3))
def test_64_bits_are_seven_at_a_time(value: int, padding: int) -> None:
    groups = [value >> shift & 0x7F for shift in range(0, 70, 7)]
    while len(groups) > 1 and not groups[-1]:
        groups.pop()
    groups += [0] * min(padding, 10 - len(groups))
    data = bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])
    item = Cursor(data, 0, len(data))
    assert (item.u64(), item.position) == (value, len(data))
