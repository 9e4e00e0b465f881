from __future__ import annotations

import traceback
from typing import NoReturn

import pytest

from sdkhost import MemoryHost
from wasmkit.sdk import Headers, _host
from wasmkit.sdk._traceback import format_error


def failed(function: object, *arguments: object) -> BaseException:
    try:
        function(*arguments)  # type: ignore[operator]  # a function of each test's own
    except Exception as error:  # noqa: BLE001  # whatever the test raises
        return error
    pytest.fail("nothing was raised")


def fail(text: str = "text") -> NoReturn:
    raise ValueError(text)


def test_it_is_what_python_prints_but_for_the_columns() -> None:
    error = failed(fail)
    printed = "".join(traceback.format_exception(error)).rstrip().splitlines()
    columns = [line for line in printed if line.strip(" ^~") == ""]
    assert format_error(error).splitlines() == [line for line in printed if line not in columns]


def test_frames_of_the_sdk_are_cut() -> None:
    _host.bind(MemoryHost(maps={0: []}))
    text = format_error(failed(lambda: Headers(0)["x-none"]))
    assert "_headers.py" not in text
    assert 'Headers(0)["x-none"]' in text
    assert text.endswith("KeyError: 'x-none'")


def test_an_error_of_the_sdk_alone_keeps_its_frames() -> None:
    error = failed(Headers(0).__setitem__, "", "")
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
    assert "_headers.py" in format_error(error)


def test_causes_are_shown_first() -> None:
    def outer() -> None:
        try:
            fail("first")
        except ValueError as error:
            raise LookupError("second") from error

    def outermost() -> None:
        try:
            outer()
        except LookupError:
            fail("third")

    text = format_error(failed(outermost))
    order = ["first", "direct cause", "second", "During handling", "third"]
    assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)


def test_a_suppressed_context_is_not_shown() -> None:
    def outer() -> None:
        try:
            fail("first")
        except ValueError:
            raise LookupError("second") from None

    assert "first" not in format_error(failed(outer))


def test_chains_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert format_error(first).count("ValueError") == 2
    error = ValueError("0")
    for index in range(1, 50):
        error, error.__cause__ = ValueError(str(index)), error
    assert format_error(error).count("ValueError") == 5


def test_long_texts_and_stacks_are_cut() -> None:
    text = format_error(failed(fail, "x" * 10_000))
    assert len(text) < 5000
    assert "characters left out" in text

    def deep(level: int) -> None:
        if level:
            deep(level - 1)
        fail()

    lines = format_error(failed(deep, 100)).splitlines()
    assert any("frames left out" in line for line in lines)
    assert len(lines) < 100


def test_an_exception_that_cannot_be_shown() -> None:
    class Odd(Exception):  # noqa: N818  # its name is in the text
        def __str__(self) -> str:
            raise RuntimeError("no text")

    error = Odd()
    assert "Odd" in format_error(error)
