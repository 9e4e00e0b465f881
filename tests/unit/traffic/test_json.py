"""Documents of others, read within limits; most places are shown in test_har.py too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmkit.errors import InputError
from wasmkit.traffic._json import Node, parse

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path("x.har")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_python_reads_is_read(value: object) -> None:
    assert parse(json.dumps(value).encode(), FILE).value == value


@given(JSON, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_tools_encodings(value: object, encoding: str) -> None:
    # Lone surrogates, which no encoding holds, are escaped.
    text = json.dumps(value)
    assert parse(text.encode(encoding), FILE).value == value


def node(value: object) -> Node:
    return Node({"a": [{"b": value}]}, "", FILE)["a"]


def inner(value: object) -> Node:
    (item,) = node(value).items()
    return item["b"]


@pytest.mark.parametrize(
    ("value", "ask", "answer"),
    [
        ("é", Node.text, "é"),
        ("é", Node.data, b"\xc3\xa9"),
        ("\udcff", Node.data, b"\xff"),
        ("\udcff", Node.text, "\udcff"),
        (None, lambda n: n.text("d"), "d"),
        ("", lambda n: n.text("d"), ""),
        (None, lambda n: n.data("é"), b"\xc3\xa9"),
        (None, lambda n: n.number(2.5), 2.5),
        (3, lambda n: n.number(0), 3.0),
        (None, lambda n: list(n.items()), []),
        ([1, None], lambda n: [each.value for each in n.items()], [1, None]),
        (None, lambda n: n.missing, True),
        (0, lambda n: n.missing, False),
        ({"c": 1}, lambda n: n["c"].value, 1),
        ({"c": 1}, lambda n: n["d"].missing, True),
    ],
)
def test_answers(value: object, ask: Callable[[Node], object], answer: object) -> None:
    assert ask(inner(value)) == answer


@pytest.mark.parametrize(
    ("value", "ask", "message"),
    [
        (None, Node.text, "a[0].b: is missing"),
        (1, Node.text, "a[0].b: must be a string"),
        ("\ud800", Node.text, "a[0].b: holds half a surrogate pair"),
        (None, Node.data, "a[0].b: is missing"),
        (True, lambda n: n.number(0), "a[0].b: must be a number"),
        ("1", lambda n: n.number(0), "a[0].b: must be a number"),
        (float("inf"), lambda n: n.number(0), "a[0].b: is too large a number"),
        (10**400, lambda n: n.number(0), "a[0].b: is too large a number"),
        (None, lambda n: n["c"], "a[0].b: is missing"),
        ([], lambda n: n["c"], "a[0].b: must be an object"),
        ({}, lambda n: list(n.items()), "a[0].b: must be an array"),
        ("", lambda n: list(n.items()), "a[0].b: must be an array"),
        ({"c": 1}, lambda n: n["c"].text(), "a[0].b.c: must be a string"),
    ],
)
def test_a_place_and_what_is_wrong_there(
    value: object, ask: Callable[[Node], Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        ask(inner(value))
    assert str(caught.value).startswith(f"x.har: {message}")


def test_an_error_can_say_what_to_do() -> None:
    error = inner(1).error("is odd", hint="make it even")
    assert (str(error), error.hint, error.field) == (
        "x.har: a[0].b: is odd",
        "make it even",
        "a[0].b",
    )
