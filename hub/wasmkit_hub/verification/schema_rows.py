"""A JSON Schema as rows of a table: one per property, nested ones with dotted paths.

The schema is a stranger's and may be anything: what is not understood is left out, what is too
much is cut. This is to be read by people; it validates nothing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from wasmkit_hub.platform.text import plain_line

__all__ = ["Row", "SchemaTable", "defaults_of", "schema_table"]

_MOST_ROWS = 200
_DEEPEST = 8
_MOST_TEXT = 500
_MOST_VALUES = 20
_KEYWORDS = (
    *("type", "properties", "required", "items", "additionalProperties", "description", "title"),
    *("default", "enum", "const", "oneOf", "anyOf", "$ref"),
)
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
    "format": "format {}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One property; texts are empty where the schema says nothing."""

    path: str
    type: str
    required: bool
    default: str
    """As JSON."""
    description: str
    values: tuple[str, ...]
    """What ``enum`` or ``const`` allows, as JSON."""
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemaTable:
    """All rows, and whether some had to be left out."""

    rows: tuple[Row, ...]
    is_cut: bool


def _cut(text: str) -> str:
    return plain_line(text, _MOST_TEXT)


def _json(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _objects(schema: dict[str, Any], key: str) -> dict[str, Any]:
    value = schema.get(key)
    return value if isinstance(value, dict) else {}


def _known(schema: object) -> dict[str, Any]:
    # Not the whole of it: a large schema may be referred to many times.
    if not isinstance(schema, dict):
        return {}
    return {key: schema[key] for key in (*_KEYWORDS, *_LIMITS) if key in schema}


def _type_of(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, str):
        items = _objects(schema, "items").get("type")
        return (
            f"array of {_cut(items)}" if kind == "array" and isinstance(items, str) else _cut(kind)
        )
    if isinstance(kind, list):
        return _cut(" or ".join(str(part) for part in kind[:_MOST_VALUES]))
    for key in ("oneOf", "anyOf"):
        choices = schema.get(key)
        if isinstance(choices, list):
            kinds = [_objects({"": choice}, "").get("type") for choice in choices[:_MOST_VALUES]]
            return _cut(" or ".join(dict.fromkeys(k for k in kinds if isinstance(k, str))))
    return "object" if "properties" in schema else ""


class _Reader:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self.rows: list[Row] = []
        self.is_cut = False

    def follow(self, schema: object) -> dict[str, Any]:
        """Return the schema that a local ``$ref`` means, with what stands beside it on top."""
        seen = 0
        while isinstance(schema, dict) and isinstance(ref := schema.get("$ref"), str):
            seen += 1
            if seen > _DEEPEST or not ref.startswith("#/"):
                break
            target: Any = self._root
            for part in ref[2:].split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                target = target.get(name) if isinstance(target, dict) else None
            beside = {key: value for key, value in _known(schema).items() if key != "$ref"}
            schema = {**_known(target), **beside}
        return schema if isinstance(schema, dict) else {}

    def read(self, schema: dict[str, Any], path: str, depth: int) -> None:
        """Add the rows of an object's properties, an array's items and free keys."""
        if depth > _DEEPEST:
            self.is_cut = True
            return
        required = schema.get("required")
        needed = required[:_MOST_ROWS] if isinstance(required, list) else []
        for name, value in _objects(schema, "properties").items():
            if len(self.rows) >= _MOST_ROWS:
                self.is_cut = True
                return
            prop = self.follow(value)
            inner = f"{path}{_cut(name)}"
            self.rows.append(_row(prop, inner, required=name in needed))
            self.read(prop, f"{inner}.", depth + 1)
        self.read_inside(schema, path, depth)

    def read_inside(self, schema: dict[str, Any], path: str, depth: int) -> None:
        """Go into an array's items (``[]``) and an object's free keys (``*``)."""
        if item := self.follow(schema.get("items")):
            self.read(item, f"{path.removesuffix('.')}[].", depth + 1)
        if free := self.follow(schema.get("additionalProperties")):
            self.rows.append(_row(free, f"{path}*", required=False))
            self.read(free, f"{path}*.", depth + 1)


def _row(schema: dict[str, Any], path: str, *, required: bool) -> Row:
    description = schema.get("description") or schema.get("title")
    allowed = schema.get("enum")
    values = (
        allowed if isinstance(allowed, list) else [schema["const"]] if "const" in schema else []
    )
    return Row(
        path=_cut(path),
        type=_type_of(schema),
        required=required,
        default=_json(schema["default"]) if "default" in schema else "",
        description=_cut(description) if isinstance(description, str) else "",
        values=tuple(_json(value) for value in values[:_MOST_VALUES]),
        limits=tuple(
            text.format(_json(schema[key]))
            for key, text in _LIMITS.items()
            if isinstance(schema.get(key), int | float | str)
        ),
    )


def _load(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content)
        json.dumps(data, ensure_ascii=False).encode()  # a lone surrogate cannot be shown
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def schema_table(content: bytes) -> SchemaTable:
    """Return the table of a schema; without rows if it is not understood at all."""
    root = _load(content)
    reader = _Reader(root)
    reader.read(reader.follow(root), "", 0)
    return SchemaTable(tuple(reader.rows[:_MOST_ROWS]), reader.is_cut)


def _is_plain(value: object, *, nested: bool = True) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | dict):
        inside = value.values() if isinstance(value, dict) else value
        return nested and all(_is_plain(part, nested=False) for part in inside)
    return True


def defaults_of(content: bytes) -> dict[str, Any]:
    """Return a configuration of the schema's own plain defaults, to begin with.

    What is nested deeper than one level is left out; empty if it is too long to paste.
    """
    properties = _objects(_load(content), "properties")
    config = {
        name: prop["default"]
        for name, prop in properties.items()
        if isinstance(prop, dict) and "default" in prop and _is_plain(prop["default"])
    }
    return config if len(json.dumps(config)) <= 4 * _MOST_TEXT else {}
