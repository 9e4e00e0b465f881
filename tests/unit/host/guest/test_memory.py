"""A real instance's memory: one page, and an allocator that the test watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guest_memory import PAGE, OnePage
from wasmkit.abi.constants import Status
from wasmkit.host.protocol import CallError, GuestTrapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.guest.memory import GuestMemory


@pytest.fixture
def guest() -> OnePage:
    return OnePage()


@pytest.mark.parametrize(
    ("address", "size", "data"),
    [
        (PAGE - 4, 4, b"end!"),
        (PAGE - 8, 8, b"\1\2\3\4end!"),
        (0, 3, b"\0\0\0"),
        (PAGE, 0, b""),
        (0, 0, b""),
    ],
    ids=["last", "eight", "first", "nothing-at-the-end", "nothing"],
)
def test_reading(guest: OnePage, address: int, size: int, data: bytes) -> None:
    assert guest.memory.read(address, size) == data


def test_integers_are_little_endian(guest: OnePage) -> None:
    assert guest.memory.read_u32(PAGE - 8) == 0x04030201
    guest.memory.write_u32(16, 0xFFFEFDFC)
    guest.memory.write_u64(20, 0x0102030405060708)
    assert guest.at(16, 28) == bytes.fromhex("fcfdfeff 0807060504030201")


def test_what_is_written_is_there(guest: OnePage) -> None:
    guest.memory.write(PAGE - 2, b"xy")
    assert guest.at(PAGE - 2, PAGE) == b"xy"


OUTSIDE: dict[str, Callable[[GuestMemory], object]] = {
    "read": lambda memory: memory.read(PAGE - 1, 2),
    "read-far": lambda memory: memory.read(0xFFFF_FFFF, 1),
    "read_u32": lambda memory: memory.read_u32(PAGE - 3),
    "write": lambda memory: memory.write(PAGE - 1, b"ab"),
    "write_u32": lambda memory: memory.write_u32(PAGE - 3, 1),
    "write_u64": lambda memory: memory.write_u64(PAGE - 7, 1),
    "give-address": lambda memory: memory.give(b"x", PAGE, 0),
    "give-size": lambda memory: memory.give(b"x", 0, PAGE),
}


@pytest.mark.parametrize("act", OUTSIDE.values(), ids=OUTSIDE)
def test_addresses_outside(guest: OnePage, act: Callable[[GuestMemory], object]) -> None:
    before = guest.at(PAGE - 8, PAGE)
    with pytest.raises(CallError) as caught:
        act(guest.memory)
    assert caught.value.status is Status.INVALID_MEMORY_ACCESS
    assert guest.at(PAGE - 8, PAGE) == before


def test_data_is_handed_over_in_memory_of_the_guests(guest: OnePage) -> None:
    guest.memory.give(b"hello", 8, 12)
    assert guest.asked == [5]
    assert guest.at(1000, 1005) == b"hello"
    assert guest.at(8, 16) == bytes.fromhex("e8030000 05000000")


def test_no_data_needs_no_memory(guest: OnePage) -> None:
    guest.memory.write(8, b"\xff" * 8)
    guest.memory.give(b"", 8, 12)
    assert guest.asked == []
    assert guest.at(8, 16) == bytes(8)


@pytest.mark.parametrize("address", [0, PAGE - 2], ids=["none", "outside"])
def test_a_guest_without_memory_to_give(guest: OnePage, address: int) -> None:
    guest.address = address
    with pytest.raises(CallError) as caught:
        guest.memory.give(b"hello", 8, 12)
    assert caught.value.status is Status.INVALID_MEMORY_ACCESS
    assert guest.at(8, 16) == bytes(8)


def test_too_much_at_once_is_the_end_of_the_guest() -> None:
    guest = OnePage(most=1000)
    assert len(guest.memory.read(0, 1000)) == 1000
    with pytest.raises(GuestTrapError, match="handed 1,001 bytes"):
        guest.memory.read(0, 1001)
