"""Integers of the binary format; expected bytes are DWARF's examples (DWARF 4, 7.6)."""

from __future__ import annotations

import pytest

from wasmkit.wasm.leb128 import read_i32, read_i64, read_u32, write_signed, write_u32

UNSIGNED = {2: "02", 127: "7f", 128: "8001", 129: "8101", 12857: "b964", 2**32 - 1: "ffffffff0f"}
SIGNED = {2: "02", -2: "7e", 127: "ff00", -127: "817f", 128: "8001", -128: "807f", -129: "ff7e"}


@pytest.mark.parametrize(("value", "text"), UNSIGNED.items())
def test_unsigned(value: int, text: str) -> None:
    data = bytes.fromhex(text)
    assert write_u32(value) == data
    assert read_u32(b"\xff" + data + b"\xff", 1) == (value, 1 + len(data))


@pytest.mark.parametrize(("value", "text"), SIGNED.items())
def test_signed(value: int, text: str) -> None:
    data = bytes.fromhex(text)
    assert write_signed(value) == data
    assert read_i32(b"\xff" + data, 1) == read_i64(b"\xff" + data, 1) == (value, 1 + len(data))


def test_the_ends_of_64_bits() -> None:
    for value in (2**63 - 1, -(2**63)):
        assert read_i64(write_signed(value), 0) == (value, 10)


def test_padding_is_allowed() -> None:
    assert read_u32(b"\x83\x80\x80\x80\x00", 0) == (3, 5)
    assert read_i32(b"\xfe\xff\xff\xff\x7f", 0) == (-2, 5)


def test_too_long() -> None:
    for data in (b"\x80\x80\x80\x80\x80\x00", b"\xff\xff\xff\xff\x1f"):
        with pytest.raises(ValueError, match="more than 32 bits"):
            read_u32(data, 0)
    with pytest.raises(ValueError, match="more than 32 bits"):
        read_i32(b"\x80" * 5 + b"\x00", 0)
    with pytest.raises(ValueError, match="more than 64 bits"):
        read_i64(b"\x80" * 10 + b"\x00", 0)


@pytest.mark.parametrize("read", [read_u32, read_i32, read_i64])
def test_cut_short(read: type[object]) -> None:
    for data in (b"", b"\x80"):
        with pytest.raises(IndexError):
            read(data, 0)  # type: ignore[call-arg]  # a function, typed loosely for the table
