"""A host function is made of its row: what is read, what is called, what is written where."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from wasmkit.abi.constants import Status
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.abi.signature import HostFunction, Kind, Parameter, Result
from wasmkit.host.guest.imports import host_function
from wasmkit.host.protocol import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.calls import Calls
    from wasmkit.host.guest.memory import GuestMemory

OUTSIDE = 0xFFFF


class Memory:
    """Records what is written; one address is outside."""

    def __init__(self) -> None:
        self.log: list[tuple[object, ...]] = []

    def read(self, address: int, size: int) -> bytes:
        if address == OUTSIDE:
            raise CallError(Status.INVALID_MEMORY_ACCESS)
        return f"{address}+{size}".encode()

    def give(self, data: bytes, address_out: int, size_out: int) -> None:
        self.log.append(("give", data, address_out, size_out))

    def write_u32(self, address: int, value: int) -> None:
        self.log.append(("u32", address, value))

    def write_u64(self, address: int, value: int) -> None:
        self.log.append(("u64", address, value))


class Recorded:
    """An implementation that answers with what it is told to."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.arguments: tuple[object, ...] | None = None

    def try_it(self, *arguments: object) -> object:
        self.arguments = arguments
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def made(
    kinds: str, answer: object, result: Result = Result.STATUS
) -> tuple[Callable[..., int], Recorded, Memory]:
    words = {kind.word: kind for kind in Kind}
    parameters = tuple(Parameter(f"p{n}", words[kind]) for n, kind in enumerate(kinds.split()))
    row = HostFunction("proxy_try_it", "env", parameters, None, result)
    calls, memory = Recorded(answer), Memory()
    function = host_function(row, cast("Calls", calls), cast("GuestMemory", memory))
    return function, calls, memory


def test_every_kind_has_its_way() -> None:
    function, calls, memory = made(
        "u32 u64 text bytes pairs out_text out_bytes out_u32 out_u64 out_zero",
        (b"text", b"bytes", 32, 64),
    )
    assert function(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) == 0
    assert calls.arguments == (1, 2, b"3+4", b"5+6", b"7+8")
    assert memory.log == [
        ("give", b"text", 9, 10),
        ("give", b"bytes", 11, 12),
        ("u32", 13, 32),
        ("u64", 14, 64),
        ("u32", 15, 0),
    ]


def test_a_status_is_returned_and_nothing_written() -> None:
    function, _, memory = made("u32 out_u32", CallError(Status.EMPTY))
    assert (function(1, 2), memory.log) == (Status.EMPTY, [])


def test_an_error_that_is_no_status_passes() -> None:
    function, _, _ = made("", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        function()


@pytest.mark.parametrize(("kind", "largest"), [("log_level", 5), ("header_map", 7), ("buffer", 8)])
def test_an_enumeration_is_checked_before_memory_is_read(kind: str, largest: int) -> None:
    function, calls, _ = made(f"{kind} text", None)
    assert function(largest + 1, OUTSIDE, 1) == Status.BAD_ARGUMENT
    assert function(largest, OUTSIDE, 1) == Status.INVALID_MEMORY_ACCESS
    assert calls.arguments is None
    assert function(largest, 8, 1) == 0


def test_a_number_is_returned_as_it_is() -> None:
    function, calls, _ = made("u32 u32", 7, Result.NUMBER)
    assert (function(1, 2), calls.arguments) == (7, (1, 2))


def test_what_is_not_implemented_says_so() -> None:
    calls, memory = cast("Calls", object()), cast("GuestMemory", Memory())
    for row in HOST_FUNCTIONS.values():
        assert host_function(row, calls, memory)(1, 2, 3) == Status.UNIMPLEMENTED
