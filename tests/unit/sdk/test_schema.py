from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator

from wasmkit.sdk.schema import configuration_schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


@dataclass
class Rule:
    """One rule.

    More of it.
    """

    name: str = field(metadata={"description": "What it is called."})
    next: Rule | None = None


@dataclass
class Config:
    """What the filter
    does.
    """

    rules: list[Rule]
    level: Level = Level.LOW
    mode: Literal["on", "off"] = "on"
    limit: int | None = None
    labels: dict[str, float] = field(default_factory=dict)
    tags: tuple[bool, ...] = (True,)
    first: Rule = field(default_factory=lambda: Rule("a"))
    note: Annotated[str, "x"] = ""
    any: Any = None
    hidden: int = field(default=0, init=False)


def test_a_schema_says_what_the_class_says() -> None:
    schema = configuration_schema(Config)
    Draft202012Validator.check_schema(schema)
    assert schema == {
        "$schema": DRAFT,
        "title": "Config",
        "description": "What the filter does.",
        "type": "object",
        "properties": {
            "rules": {"type": "array", "items": {"$ref": "#/$defs/Rule"}},
            "level": {"enum": [1, 2], "default": 1},
            "mode": {"type": "string", "enum": ["on", "off"], "default": "on"},
            "limit": {"type": ["integer", "null"], "default": None},
            "labels": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "default": {},
            },
            "tags": {"type": "array", "items": {"type": "boolean"}, "default": [True]},
            "first": {"$ref": "#/$defs/Rule", "default": {"name": "a", "next": None}},
            "note": {"type": "string", "default": ""},
            "any": {"default": None},
        },
        "additionalProperties": False,
        "required": ["rules"],
        "$defs": {
            "Rule": {
                "title": "Rule",
                "description": "One rule.",
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "What it is called."},
                    "next": {
                        "anyOf": [{"$ref": "#/$defs/Rule"}, {"type": "null"}],
                        "default": None,
                    },
                },
                "additionalProperties": False,
                "required": ["name"],
            }
        },
    }


def test_a_class_that_holds_itself_refers_to_the_root() -> None:
    schema = configuration_schema(Rule)
    assert schema["properties"]["next"]["anyOf"][0] == {"$ref": "#"}
    assert "$defs" not in schema
    Draft202012Validator(schema).validate({"name": "a", "next": {"name": "b"}})


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (None, {"type": "object", "additionalProperties": False}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
    ],
)
def test_configurations_that_are_no_class(kind: Any, schema: dict[str, Any]) -> None:
    assert configuration_schema(kind) == {"$schema": DRAFT, **schema}


def test_a_type_that_json_cannot_fill() -> None:
    with pytest.raises(TypeError, match="a configuration cannot hold bytes"):
        configuration_schema(bytes)
