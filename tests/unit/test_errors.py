from __future__ import annotations

import inspect
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmkit import errors
from wasmkit.errors import BuildError, InputError, RegistryError, WasmkitError, printable

KINDS = [
    each
    for each in vars(errors).values()
    if inspect.isclass(each) and issubclass(each, WasmkitError) and each is not WasmkitError
]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({}, "not good"),
        ({"file": Path("a/b.toml")}, "a/b.toml: not good"),
        ({"file": "b.har", "line": 3}, "b.har:3: not good"),
        ({"field": "filter.name"}, "filter.name: not good"),
        ({"file": "b.toml", "line": 3, "field": "x"}, "b.toml:3: x: not good"),
        ({"line": 3}, "not good"),
    ],
    ids=["nowhere", "file", "line", "field", "all", "line-of-no-file"],
)
def test_an_input_error_says_where(place: dict[str, str | int], text: str) -> None:
    error = InputError("not good", **place)  # type: ignore[arg-type]  # a table of both kinds
    assert str(error) == text


def test_what_goes_with_an_error() -> None:
    error = InputError("m", file="f", line=2, field="a.b", hint="h")
    assert (error.file, error.line, error.field, error.hint) == ("f", 2, "a.b", "h")
    build = BuildError("m", detail="Traceback", hint="h")
    assert (str(build), build.detail, build.hint) == ("m", "Traceback", "h")
    assert (BuildError("m").detail, RegistryError("m").hint) == ("", "")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_is_the_tree(kind: type[WasmkitError]) -> None:
    row = re.search(rf"── {kind.__name__} +(\d)  \w", errors.__doc__ or "")
    assert row is not None
    assert int(row[1]) == kind.exit_code
    assert kind.__bases__ == (WasmkitError,)


def test_the_tree_names_no_other() -> None:
    named = set(re.findall(r"── (\w+)", errors.__doc__ or ""))
    assert named == {kind.__name__ for kind in KINDS}


def test_bugs_are_no_part_of_the_tree() -> None:
    assert not any(issubclass(kind, ValueError | TypeError | OSError) for kind in KINDS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tea ü 茶 🍵", "tea ü 茶 🍵"),
        ("a\nb\tc", "a\nb\tc"),
        ("\x1b[2J\r\x9b", "\\x1b[2J\\x0d\\x9b"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_a_terminal_would_act_upon_is_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_is_printed_moves_a_cursor(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    shown.encode()
    controls = {each for each in shown if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")}
    assert controls <= {"\n", "\t"}
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068") & set(shown)
    assert set(printable(text, one_line=True)) == set(shown.replace("\n", "\\n"))


def test_what_strangers_wrote_is_printable_in_every_error() -> None:
    error = InputError("no \x1b[2Jtext", file="a\udcff.har", field="log.\u202e", hint="\x07")
    assert str(error) == "a\\udcff.har: log.\\u202e: no \\x1b[2Jtext"
    assert error.hint == "\\x07"
    assert BuildError("m", detail="a\n\x9b").detail == "a\n\\x9b"
