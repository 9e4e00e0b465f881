"""Frozen dataclasses as JSON and back: what a document holds is written once, as its classes.

A field's annotation is its type in JSON, its default is what a missing key means. Known are
``str``, ``int``, ``bool``, enums of strings, ``tuple[X, ...]``, other dataclasses, ``X | None``,
``dict`` (any JSON object) and ``object`` (any JSON value).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from wasmkit.errors import InputError

__all__ = ["from_json", "schema_of", "to_json"]

_T = TypeVar("_T")
_MOST = 2**53
"""Beyond it, other languages' readers of JSON lose digits."""
_NAMES = {str: "string", int: "integer", bool: "boolean", dict: "object", NoneType: "null"}


def to_json(value: object) -> Any:
    """Return the JSON value of a dataclass, an enum, a tuple, or what is JSON already."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(kind: type[_T], value: object, where: str = "") -> _T:
    """Return the dataclass that a JSON value holds; keys that it does not have are ignored.

    Raises ``InputError`` whose ``field`` is the place, below ``where``, of the first value that is
    missing or of another type.
    """
    return cast("_T", _read(kind, value, where))


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of what ``from_json`` reads."""
    return _schema(kind)


def _read(kind: Any, value: object, where: str) -> object:
    if kind is object:
        return value
    options = _options(kind)
    if NoneType in options and value is None:
        return None
    kind = next(option for option in options if option is not NoneType)
    if is_dataclass(kind):
        return _record(cast("type", kind), value, where)
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        items = enumerate(cast("list[object]", _checked(list, value, where, "array")))
        return tuple(_read(item, each, f"{where}[{number}]") for number, each in items)
    if issubclass(kind, Enum):
        if not any(value == member.value for member in kind):
            known = ", ".join(repr(member.value) for member in kind)
            raise InputError(f"must be one of {known}", field=where)
        return kind(value)
    plain = _plain(kind)
    return _checked(plain, value, where, _NAMES[plain])


def _record(kind: type, value: object, where: str) -> object:
    given = cast("dict[str, object]", _checked(dict, value, where, "object"))
    hints = _hints(kind)
    values = {}
    for field in fields(kind):
        place = f"{where}.{field.name}" if where else field.name
        if field.name in given:
            values[field.name] = _read(hints[field.name], given[field.name], place)
        elif _is_required(field):
            raise InputError("is missing", field=place)
    return kind(**values)


def _checked(kind: type, value: object, where: str, name: str) -> object:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"must be {'an' if name[0] in 'aoi' else 'a'} {name}", field=where)
    if isinstance(value, int) and abs(value) > _MOST:
        raise InputError("is too large a number", field=where)
    return value


def _schema(kind: Any) -> dict[str, Any]:
    if kind is object:
        return {}
    options = _options(kind)
    if NoneType in options:
        (other,) = (option for option in options if option is not NoneType)
        return {"anyOf": [_schema(other), {"type": "null"}]}
    if is_dataclass(kind):
        hints = _hints(cast("type", kind))
        return {
            "description": (getdoc(kind) or "").partition("\n")[0],
            "type": "object",
            "required": [field.name for field in fields(kind) if _is_required(field)],
            "properties": {field.name: _schema(hints[field.name]) for field in fields(kind)},
        }
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0])}
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    plain = _plain(kind)
    bounds = {"minimum": -_MOST, "maximum": _MOST} if plain is int else {}
    return {"type": _NAMES[plain], **bounds}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)


def _plain(kind: Any) -> type:
    return cast("type", get_origin(kind) or kind)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
