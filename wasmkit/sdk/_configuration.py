"""Configuration: JSON bytes into the author's own typed dataclass, with nothing but Python.

Inside the module there is no JSON Schema validator, so the dataclass is the check. What a type
allows is what ``wasmkit.sdk.schema`` writes into its schema; a property test compares the two.
The types are walked once, when the module is built; reading then calls ready-made closures.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable
from typing import Any, Union

__all__ = ["ConfigurationError", "Reader", "make_reader", "read"]

Reader = Callable[[Any, str], Any]
"""Takes a JSON value and where it stands (``rules[2].name``, ``""`` for the whole)."""


class ConfigurationError(ValueError):
    """The configuration cannot be used; the text says where and why, in one line.

    Raise it from ``on_configure`` or a configuration class's ``__post_init__`` to refuse what
    types alone cannot.
    """


def read(reader: Reader, data: bytes) -> Any:
    """Return the configuration that ``data`` (UTF-8 JSON, blank for ``{}``) describes.

    Raises ``ConfigurationError`` and nothing else.
    """
    try:
        value = json.loads(
            data.decode("utf-8").strip() or "{}",
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise ConfigurationError("nested too deep") from None
    except ValueError as error:  # bad UTF-8, bad JSON, a number of thousands of digits
        raise ConfigurationError(f"not JSON: {error}") from None
    try:
        return reader(value, "")
    except RecursionError:
        raise ConfigurationError("nested too deep") from None


def make_reader(kind: Any) -> Reader:
    """Return what reads JSON values as ``kind``, the type in ``HttpFilter[kind]``.

    Known are dataclasses, ``str``, ``int``, ``float``, ``bool``, ``None``, ``list[T]``,
    ``tuple[T, ...]``, ``dict[str, T]``, unions, ``Literal``, enums (by value), ``Any`` and
    ``object`` (the JSON as it is). Raises ``TypeError`` for any other, naming the field.
    """
    if kind is None or kind is type(None):  # as a type's parameter None becomes its class
        return _read_nothing
    return _make(kind, "configuration", {})


def _make(  # noqa: C901, PLR0911  # one line for each kind of type
    kind: Any, where: str, known: dict[type, Reader]
) -> Reader:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is typing.Annotated:
        return _make(arguments[0], where, known)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind is Any or kind is object:
        return _read_any
    if origin is Union or origin is types.UnionType:
        return _union([_make(each, where, known) for each in arguments])
    if origin is typing.Literal:
        return _one_of({(type(each), each): each for each in arguments})
    if origin is list and len(arguments) == 1:
        return _array(_make(arguments[0], where, known), list)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _array(_make(arguments[0], where, known), tuple)
    if origin is dict and len(arguments) == 2 and arguments[0] is str:
        return _map(_make(arguments[1], where, known))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _one_of({(type(each.value), each.value): each for each in kind})
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _object(kind, known)
    raise TypeError(
        f"{where}: a configuration cannot hold {getattr(kind, '__name__', kind)!s}; use "
        "dataclasses, str, int, float, bool, None, list[T], tuple[T, ...], dict[str, T], "
        "unions, Literal or enums"
    )


def _object(kind: type, known: dict[type, Reader]) -> Reader:
    if kind in known:
        return known[kind]
    fields: dict[str, Reader] = {}
    required: list[str] = []

    def reader(value: Any, path: str) -> Any:
        if type(value) is not dict:
            raise _mismatch("an object", value, path)
        _check_names(value, fields, required, path)
        values = {name: fields[name](item, _at(path, name)) for name, item in value.items()}
        try:
            return kind(**values)
        except ConfigurationError:
            raise
        except (ValueError, TypeError) as error:  # of its __post_init__: the author's own check
            raise ConfigurationError(f"{path}: {error}" if path else str(error)) from error

    known[kind] = reader  # before the fields: a class may hold itself
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        if field.init:
            where = f"{kind.__qualname__}.{field.name}"
            fields[field.name] = _make(hints[field.name], where, known)
            if field.default is field.default_factory is dataclasses.MISSING:
                required.append(field.name)
    return reader


def _check_names(
    value: dict[str, Any], fields: dict[str, Reader], required: list[str], path: str
) -> None:
    for name in value:
        if name not in fields:
            names = ", ".join(fields) or "none"
            raise ConfigurationError(f"{_at(path, name)}: unknown; known here: {names}")
    for name in required:
        if name not in value:
            raise ConfigurationError(f"{_at(path, name)}: missing")


def _array(item: Reader, kind: Callable[[list[Any]], Any]) -> Reader:
    def reader(value: Any, path: str) -> Any:
        if type(value) is not list:
            raise _mismatch("an array", value, path)
        return kind([item(each, f"{path}[{index}]") for index, each in enumerate(value)])

    return reader


def _map(item: Reader) -> Reader:
    def reader(value: Any, path: str) -> Any:
        if type(value) is not dict:
            raise _mismatch("an object", value, path)
        return {name: item(each, _at(path, name)) for name, each in value.items()}

    return reader


def _one_of(values: dict[tuple[type, Any], Any]) -> Reader:
    names = " or ".join(_show(value) for _, value in values)

    def reader(value: Any, path: str) -> Any:
        if type(value) is float and value.is_integer():
            value = int(value)
        try:
            return values[type(value), value]
        except (KeyError, TypeError):  # TypeError: a list or an object, which cannot be a key
            raise _mismatch(names, value, path) from None

    return reader


def _union(members: list[Reader]) -> Reader:
    members.sort(key=lambda member: member is not _read_null)  # the cheapest and surest first

    def reader(value: Any, path: str) -> Any:
        errors = []
        for member in members:
            try:
                return member(value, path)
            except ConfigurationError as error:
                errors.append(error)
        if len(errors) == 2 and members[0] is _read_null and value is not None:
            raise errors[1]  # T | None: what is wrong is said best by T
        raise ConfigurationError("; or ".join(dict.fromkeys(map(str, errors))))

    return reader


def _read_any(value: Any, path: str) -> Any:
    del path
    return value


def _read_nothing(value: Any, path: str) -> None:
    if value != {}:
        raise _mismatch("none: this filter takes no configuration", value, path)


def _read_null(value: Any, path: str) -> None:
    if value is not None:
        raise _mismatch("null", value, path)


def _read_str(value: Any, path: str) -> str:
    if type(value) is not str:
        raise _mismatch("a string", value, path)
    return value


def _read_bool(value: Any, path: str) -> bool:
    if type(value) is not bool:
        raise _mismatch("true or false", value, path)
    return value


def _read_int(value: Any, path: str) -> int:
    if type(value) is float and value.is_integer():
        return int(value)  # JSON knows one kind of number: 1.0 is an integer
    if type(value) is not int:
        raise _mismatch("an integer", value, path)
    return value


def _read_float(value: Any, path: str) -> float:
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise _mismatch("a number below 1e309", value, path) from None
    if type(value) is not float:
        raise _mismatch("a number", value, path)
    return value


_SCALARS: dict[Any, Reader] = {
    str: _read_str,
    int: _read_int,
    float: _read_float,
    bool: _read_bool,
    None: _read_null,
    type(None): _read_null,
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_show(twice)} occurs twice in one object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _mismatch(expected: str, value: Any, path: str) -> ConfigurationError:
    text = f"expected {expected}, got {_show(value)}"
    return ConfigurationError(f"{path}: {text}" if path else text)


def _show(value: Any) -> str:
    if type(value) is dict:
        return "an object"
    if type(value) is list:
        return "an array"
    if type(value) is str and len(value) > 60:
        value = value[:60] + "…"
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:  # an integer of more digits than Python prints
        return "a huge number"


def _at(path: str, name: str) -> str:
    shown = name if len(name) <= 60 else name[:60] + "…"
    return f"{path}.{shown}" if path else shown
