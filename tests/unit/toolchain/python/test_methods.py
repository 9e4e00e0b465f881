"""What is written for a row does what the row says: run in wasmtime, with CPython's side faked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import wasmtime

from running_glue import RunningGlue
from wasmkit.abi.constants import Status
from wasmkit.abi.signature import HostFunction, Kind, Parameter
from wasmkit.toolchain.python.glue import glue_text
from wasmkit.toolchain.python.methods import import_text, write_methods

if TYPE_CHECKING:
    from collections.abc import Callable

ARGUMENTS, OBJECTS, TEXT_TYPE, DATA, NONE = 3000, 3200, 3400, 4000, 640
TUPLE, RESULT = 7000, 8000


def row(parameters: str, absent: Status | None = None) -> HostFunction:
    words = {kind.word: kind for kind in Kind}
    pairs = (item.split(":") for item in parameters.split())
    made = tuple(Parameter(name, words[kind]) for name, kind in pairs)
    return HostFunction("proxy_try_it", "env", made, None, absent=absent)


class Tried:
    """A row's function in the glue; Python objects are addresses with numbers or data behind."""

    def __init__(self, tried: HostFunction, host: Callable[..., int]) -> None:
        text = glue_text((tried,))
        head = "(func $call_proxy_try_it "
        assert head in text
        text = text.replace(head, f'{head}(export "try_it") ')
        self.objects: dict[int, object] = {}
        self.made: list[tuple[str, object]] = []
        self.refuses_after: int | None = None
        """How many arguments are good, if one is not data."""
        self.glue = RunningGlue(
            bytes(wasmtime.wat2wasm(text)),
            proxy_try_it=host,
            PyLong_AsUnsignedLongMask=lambda item: self.number(item, 32),
            PyLong_AsUnsignedLongLongMask=lambda item: self.number(item, 64),
            PyUnicode_AsUTF8AndSize=self.utf8,
            PyBytes_AsStringAndSize=self.bytes,
            PyLong_FromLong=lambda number: self.make("int", number),
            PyLong_FromUnsignedLongLong=lambda number: self.make("int", number % (1 << 64)),
            PyBytes_FromStringAndSize=lambda start, size: self.make(
                "bytes", self.glue.read(start, size) if start else b""
            ),
            PyUnicode_DecodeFSDefaultAndSize=lambda start, size: self.make(
                "str", self.glue.read(start, size).decode()
            ),
            PyTuple_New=lambda size: self.make("tuple", [None] * size),
            PyTuple_SetItem=self.set_item,
        )

    def number(self, item: int, bits: int) -> int:
        value = self.objects[item]
        assert isinstance(value, int)
        value %= 1 << bits
        return value - (1 << bits) if value >> (bits - 1) else value

    def make(self, kind: str, value: object) -> int:
        self.made.append((kind, value))
        self.objects[RESULT + len(self.made)] = value
        return RESULT + len(self.made)

    def write_word(self, address: int, value: int) -> None:
        self.glue.memory.write(self.glue.store, value.to_bytes(4, "little"), address)

    def _place(self, item: int) -> tuple[int, int]:
        value = self.objects[item]
        data = value.encode() if isinstance(value, str) else value
        assert isinstance(data, bytes)
        address = DATA + 100 * (item - OBJECTS) // 16
        self.glue.memory.write(self.glue.store, data + b"\0", address)
        return address, len(data)

    def utf8(self, item: int, size: int) -> int:
        address, length = self._place(item)
        self.write_word(size, length)
        return address

    def bytes(self, item: int, start: int, size: int) -> int:
        if self.refuses_after == (item - OBJECTS) // 16:
            return 1
        address, length = self._place(item)
        self.write_word(start, address)
        self.write_word(size, length)
        return 0

    def set_item(self, target: int, place: int, item: int) -> int:
        items = self.objects[target]
        assert isinstance(items, list)
        items[place] = self.objects[item]
        return 0

    def __call__(self, *arguments: object) -> object:
        """Call it; return the Python value, or ``None`` if an exception is set."""
        self.write_word(TEXT_TYPE + 84, 1 << 28)
        for place, value in enumerate(arguments):
            item = OBJECTS + 16 * place
            self.objects[item] = value
            self.write_word(ARGUMENTS + 4 * place, item)
            self.write_word(item + 4, TEXT_TYPE if isinstance(value, str) else 0)
        result = self.glue("try_it", 0, ARGUMENTS, len(arguments))
        assert isinstance(result, int)
        return "None" if result == NONE else self.objects.get(result)


def test_every_kind_of_argument_and_result() -> None:
    seen: list[object] = []

    def host(number: int, offset: int, key: int, key_size: int, *more: int) -> int:
        data, data_size, out, size_out, count_out, large_out, zero_out = more
        seen.extend((number, offset, tried.glue.read(key, key_size)))
        seen.append(tried.glue.read(data, data_size))
        assert len({out, size_out, count_out, large_out, zero_out}) == 5
        tried.glue.memory.write(tried.glue.store, b"abc", 9000)
        tried.write_word(out, 9000)
        tried.write_word(size_out, 3)
        tried.write_word(count_out, 77)
        tried.write_word(large_out, 5)
        tried.write_word(large_out + 4, 1 << 31)
        tried.write_word(zero_out, 0)
        return 0

    tried = Tried(
        row(
            "number:u32 offset:u64 key:text data:bytes"
            " value:out_bytes count:out_u32 large:out_u64 zero:out_zero"
        ),
        host,
    )
    assert tried(7, -1, "kéy", b"\0\xff") == [b"abc", 77, 5 + (1 << 63)]
    assert seen == [7, -1, "kéy".encode(), b"\0\xff"]


def test_one_result_is_no_tuple() -> None:
    def host(_number: int, out: int) -> int:
        tried.write_word(out, 9)
        return 0

    tried = Tried(row("a:u32 value:out_u32"), host)
    assert tried(1) == 9
    tried = Tried(row("value:out_text"), lambda *_: 0)
    assert tried() == ""
    assert tried.made == [("str", "")]


def test_no_result_is_none() -> None:
    assert Tried(row("a:u32 b:bytes"), lambda *_: 0)(1, b"") == "None"
    assert Tried(row(""), lambda: 0)() == "None"


@pytest.mark.parametrize("parameters", ["a:u32 value:out_u32", "key:text value:out_u32"])
def test_absent_is_none_and_other_statuses_are_raised(parameters: str) -> None:
    argument = "key" if parameters.startswith("key") else 1
    tried = Tried(row(parameters, Status.EMPTY), lambda *_: Status.EMPTY)
    assert tried(argument) == "None"
    tried = Tried(row(parameters, Status.EMPTY), lambda *_: Status.NOT_FOUND)
    assert tried(argument) is None
    assert ("PyErr_SetObject", 0, RESULT + 1) in tried.glue.calls
    assert tried.made == [("int", Status.NOT_FOUND)]


@pytest.mark.parametrize("good", [0, 1])
def test_an_argument_that_is_no_data_ends_the_call(good: int) -> None:
    tried = Tried(row("a:bytes b:bytes"), lambda *_: pytest.fail("it was called"))
    tried.refuses_after = good
    assert tried(b"", b"") is None
    assert ("PyErr_SetObject", 0, 0) not in tried.glue.calls  # CPython has set one


@pytest.mark.parametrize(
    "parameters",
    ["a:text b:text c:text", "a:bytes b:bytes c:bytes d:bytes e:bytes f:bytes"],
)
def test_a_row_with_more_than_there_is_room_for(parameters: str) -> None:
    with pytest.raises(ValueError, match="proxy_try_it has more arguments than"):
        write_methods([row(parameters)])


def test_imports_have_the_rows_signatures() -> None:
    assert import_text([row("a:u64 b:text c:out_u32")]) == (
        '(import "env" "proxy_try_it" (func $proxy_try_it (param i64 i32 i32 i32) (result i32)))'
    )
    assert import_text([row("")]) == (
        '(import "env" "proxy_try_it" (func $proxy_try_it (result i32)))'
    )
