"""A JSON Schema from a configuration class, for tools: no part of a built module.

The schema says what ``wasmkit.sdk`` would accept, so that tools can check a configuration, or
show it as a table, without running the filter.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from typing import Any, Union

from wasmkit.sdk._configuration import make_reader

__all__ = ["configuration_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
}


def configuration_schema(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration class (``None`` takes none).

    Class docstrings and a field's ``metadata={"description": "…"}`` become descriptions. Raises
    ``TypeError`` for a type that a configuration cannot hold.
    """
    if kind is None or kind is type(None):
        return {"$schema": _DRAFT, "type": "object", "additionalProperties": False}
    make_reader(kind)  # refuses what it cannot read, in better words than could be found here
    definitions: dict[str, Any] = {}
    schema = {"$schema": _DRAFT, **_schema(kind, kind, definitions)}
    if dataclasses.is_dataclass(kind):
        schema = {"$schema": _DRAFT, **_object(typing.cast("type", kind), kind, definitions)}
    if definitions:
        schema["$defs"] = definitions
    return schema


def _schema(  # noqa: PLR0911  # one line for each kind of type
    kind: Any, root: Any, definitions: dict[str, Any]
) -> dict[str, Any]:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is typing.Annotated:
        return _schema(arguments[0], root, definitions)
    if origin is Union or origin is types.UnionType:
        return _union([_schema(each, root, definitions) for each in arguments])
    if origin is typing.Literal:
        return _enumeration(list(arguments))
    if origin is list or origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], root, definitions)}
    if origin is dict:
        items = _schema(arguments[1], root, definitions)
        return {"type": "object", "additionalProperties": items}
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if issubclass(kind, enum.Enum):
        return _enumeration([each.value for each in kind])
    return _reference(kind, root, definitions)


def _union(members: list[dict[str, Any]]) -> dict[str, Any]:
    if all(list(member) == ["type"] for member in members):
        return {"type": [member["type"] for member in members]}
    return {"anyOf": members}


def _enumeration(values: list[Any]) -> dict[str, Any]:
    if all(isinstance(value, str) for value in values):
        return {"type": "string", "enum": values}
    return {"enum": values}


def _reference(kind: type, root: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind is root:
        return {"$ref": "#"}
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # before the fields: a class may hold itself
        definitions[kind.__name__] = _object(kind, root, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _object(kind: type, root: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    schema: dict[str, Any] = {"title": kind.__name__}
    doc = (kind.__doc__ or "").strip()
    if doc and not doc.startswith(f"{kind.__name__}("):  # which is dataclass's own docstring
        schema["description"] = " ".join(doc.split("\n\n")[0].split())
    schema |= {"type": "object", "properties": {}, "additionalProperties": False}
    required = []
    for field in dataclasses.fields(typing.cast("Any", kind)):
        if not field.init:
            continue
        entry = _schema(hints[field.name], root, definitions)
        if "description" in field.metadata:
            entry["description"] = field.metadata["description"]
        if field.default is not dataclasses.MISSING:
            entry["default"] = _as_json(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            entry["default"] = _as_json(field.default_factory())
        else:
            required.append(field.name)
        schema["properties"][field.name] = entry
    if required:
        schema["required"] = required
    return schema


def _as_json(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _as_json(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init
        }
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    return value
