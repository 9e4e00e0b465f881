"""Strangers' JSON Schemas, on their way to a page."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from wasmkit_hub.verification.schema_rows import defaults_of, schema_table


def rows(schema: object) -> list[tuple[object, ...]]:
    table = schema_table(json.dumps(schema).encode())
    return [(r.path, r.type, r.required, r.default, r.values, r.limits) for r in table.rows]


def test_schema() -> None:
    schema = {
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "default": "x", "pattern": "^x", "description": "words"},
            "b": {
                "properties": {
                    "c": {"type": ["integer", "null"], "enum": [1, None], "minimum": 0},
                    "d": {"type": "array", "items": {"properties": {"e": {"const": True}}}},
                }
            },
            "f": {"additionalProperties": {"$ref": "#/$defs/f~1x"}, "type": "object"},
            "g": {"oneOf": [{"type": "string"}, {"type": "number"}]},
        },
        "$defs": {"f/x": {"type": "boolean"}},
    }
    assert rows(schema) == [
        ("a", "string", True, '"x"', (), ('matches "^x"',)),
        ("b", "object", False, "", (), ()),
        ("b.c", "integer or null", False, "", ("1", "null"), ("at least 0",)),
        ("b.d", "array", False, "", (), ()),
        ("b.d[].e", "", False, "", ("true",), ()),
        ("f", "object", False, "", (), ()),
        ("f.*", "boolean", False, "", (), ()),
        ("g", "string or number", False, "", (), ()),
    ]


ODD: dict[str, object] = {
    "list": [],
    "number": 7,
    "properties is a list": {"properties": []},
    "property is a number": {"properties": {"a": 7}},
    "all wrong": {"properties": {"a": {"type": 7, "enum": 7, "required": 7, "items": 7}}},
    "types wrong": {"properties": {"a": {"type": [7, {}], "oneOf": 7, "title": 7}}},
    "refers to itself": {"properties": {"a": {"$ref": "#/properties/a"}}},
    "refers in a ring": {"$ref": "#/a", "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}},
    "refers to nothing": {"properties": {"a": {"$ref": "#/nothing"}}},
    "refers elsewhere": {"properties": {"a": {"$ref": "https://example.com/s"}}},
    "contains itself": {"properties": {"a": {"$ref": "#/d"}, "b": {}}, "d": {"$ref": "#"}},
    "grows": {
        "$ref": "#/d",
        "d": {"properties": {"a": {"$ref": "#/d"}, "b": {"$ref": "#/d"}}},
    },
}


@pytest.mark.parametrize("schema", ODD.values(), ids=ODD)
def test_odd_schema(schema: object) -> None:
    start = time.monotonic()
    assert len(rows(schema)) <= 200
    defaults_of(json.dumps(schema).encode())
    assert time.monotonic() - start < 5


def test_huge_schema_is_cut() -> None:
    table = schema_table(
        json.dumps(
            {"properties": {f"p{n}": {"description": "x" * 900} for n in range(500)}}
        ).encode()
    )
    assert table.is_cut
    assert len(table.rows) == 200
    assert len(table.rows[0].description) == 500


def test_defaults() -> None:
    properties: dict[str, Any] = {
        "a": {"default": "x"},
        "b": {"default": [1, {"deep": 1}]},
        "c": {"default": ["y"]},
        "d": {},
    }
    content = json.dumps({"properties": properties}).encode()
    assert defaults_of(content) == {"a": "x", "c": ["y"]}
    assert defaults_of(content.replace(b'"x"', b"1e999")) == {"c": ["y"]}
    assert defaults_of(content.replace(b'"x"', b'"' + b"x" * 3000 + b'"')) == {}
