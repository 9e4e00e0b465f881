from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import jsonschema
import pytest

from wasmkit.errors import InputError
from wasmkit.records import from_json, schema_of, to_json


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    """A part.

    Of which nobody knows what it does.
    """

    name: str
    size: int = 0


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    colour: Colour = Colour.RED
    solid: bool = False
    spare: Part | None = None
    raw: object = None
    table: dict[str, object] = field(default_factory=dict)
    words: tuple[str, ...] = ()


WHOLE = Whole(
    parts=(Part("a", 1), Part("b")),
    colour=Colour.BLUE,
    solid=True,
    spare=Part("c", -1),
    raw=[1, {"x": None}],
    table={"k": [1.5]},
    words=("one",),
)
JSON: dict[str, Any] = {
    "parts": [{"name": "a", "size": 1}, {"name": "b", "size": 0}],
    "colour": "blue",
    "solid": True,
    "spare": {"name": "c", "size": -1},
    "raw": [1, {"x": None}],
    "table": {"k": [1.5]},
    "words": ["one"],
}


def test_there_and_back() -> None:
    assert to_json(WHOLE) == JSON
    assert from_json(Whole, JSON) == WHOLE
    assert from_json(Whole, {"parts": []}) == Whole(())
    assert from_json(Whole, {**JSON, "new": 1, "spare": None}).spare is None


BAD = [
    ([], "", "must be an object"),
    ({}, "parts", "is missing"),
    ({"parts": {}}, "parts", "must be an array"),
    ({"parts": [{"size": 1}]}, "parts[0].name", "is missing"),
    ({"parts": [{"name": 1}]}, "parts[0].name", "must be a string"),
    ({"parts": [{"name": "a", "size": True}]}, "parts[0].size", "must be an integer"),
    ({"parts": [{"name": "a", "size": 1.0}]}, "parts[0].size", "must be an integer"),
    ({"parts": [{"name": "a", "size": 2**60}]}, "parts[0].size", "is too large a number"),
    ({"parts": [], "colour": "pink"}, "colour", "must be one of 'red', 'blue'"),
    ({"parts": [], "colour": []}, "colour", "must be one of 'red', 'blue'"),
    ({"parts": [], "solid": 1}, "solid", "must be a boolean"),
    ({"parts": [], "spare": "c"}, "spare", "must be an object"),
    ({"parts": [], "table": [1]}, "table", "must be an object"),
    ({"parts": [], "words": ["a", None]}, "words[1]", "must be a string"),
]


@pytest.mark.parametrize(("value", "place", "words"), BAD, ids=lambda value: str(value)[:40])
def test_another_type_is_refused_with_its_place(value: object, place: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        from_json(Whole, value)
    assert caught.value.field == place


def test_the_schema_says_the_same() -> None:
    check = jsonschema.Draft202012Validator(schema_of(Whole))
    check.check_schema(check.schema)
    assert check.is_valid(JSON)
    assert check.is_valid({"parts": []})
    for value, place, _ in BAD:
        # JSON Schema counts 1.0 among the integers.
        assert not check.is_valid(value) or "1.0" in str(value), place
    assert schema_of(Whole)["properties"]["parts"]["items"]["description"] == "A part."
