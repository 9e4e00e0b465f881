"""JSON Schema in this project's words: what is wrong, at which path, and what to write instead.

The validator is ``jsonschema`` (draft 2020-12 unless a schema says otherwise), without fetching
anything: a ``$ref`` out of the schema is an error. The schema may be an author's, so whatever it
makes the validator do (an endless ``$ref``, a broken pattern) ends in ``SchemaError``.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema
from jsonschema import exceptions, validators
from referencing import Registry
from referencing.exceptions import Unresolvable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Fault", "SchemaError", "did_you_mean", "dotted", "find_fault"]

_LONGEST = 180  # characters of a message that quote a value
_NO_FETCHING: Registry[Any] = Registry()
_TYPES = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_TELLING = exceptions.by_relevance(strong=frozenset({"additionalProperties"}))
"""An unknown key goes first: it is often the misspelling of one that is then missing too."""


class SchemaError(ValueError):
    """The schema itself is of no use; the text says why and where in the schema."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The most telling thing wrong with a value; ``hint`` may be empty."""

    path: tuple[str | int, ...]
    message: str
    hint: str = ""


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as people write it: ``config.rules[2].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?``, or the known words if none is near."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are {', '.join(words)}" if words else ""


def find_fault(schema: object, value: object) -> Fault | None:
    """Return what is wrong with a JSON value, or None if the schema allows it.

    Raises ``SchemaError`` when the schema cannot be applied.
    """
    if not isinstance(schema, bool | dict):
        raise SchemaError("a schema must be an object or a boolean")
    if isinstance(schema, dict) and not isinstance(schema.get("$schema", ""), str):
        raise SchemaError("$schema must be a string")
    try:
        kind: Any = validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        kind.check_schema(schema)
        errors = kind(schema, registry=_NO_FETCHING).iter_errors(value)
        error = exceptions.best_match(errors, key=_TELLING)
        return None if error is None else _fault(error)
    except exceptions.SchemaError as bad:
        place = dotted(bad.absolute_path)
        raise SchemaError(": ".join(part for part in (place, _short(bad.message)) if part)) from bad
    except Unresolvable as bad:
        raise SchemaError(f"$ref {_short(str(bad.ref))} leads to nothing in the schema") from bad
    except (re.error, OverflowError) as bad:
        raise SchemaError(f"a pattern is not a regular expression: {bad}") from bad
    except ValueError as bad:
        raise SchemaError(f"a $schema, $id or $ref is not a URI: {bad}") from bad
    except RecursionError as bad:
        raise SchemaError("a $ref leads back to itself, or the nesting is too deep") from bad


def _fault(error: Any) -> Fault:  # its attributes' stubs all allow a value that never occurs
    path = tuple(error.absolute_path)
    described = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    hint = described if isinstance(described, str) else ""
    match error.validator:
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            return Fault((*path, missing), "is missing", _description(error.schema, missing))
        case "additionalProperties" if extra := _unknown_key(error):
            return Fault((*path, extra), "unknown key", did_you_mean(extra, _known(error.schema)))
        case "type":
            wanted = error.validator_value
            names = [wanted] if isinstance(wanted, str) else wanted
            kinds = " or ".join(_TYPES.get(name, str(name)) for name in names)
            return Fault(path, f"must be {kinds}, not {_quote(error.instance)}", hint)
        case "enum":
            allowed = ", ".join(_quote(choice) for choice in error.validator_value)
            return Fault(path, f"{_quote(error.instance)} is none of {allowed}", hint)
        case "pattern":
            text = f"{_quote(error.instance)} has not the right form"
            return Fault(path, text, hint or f"it must match {_short(error.validator_value)}")
        case _:
            return Fault(path, _short(error.message), hint)


def _known(schema: Any) -> list[str]:
    properties = schema.get("properties", {})
    return [str(key) for key in properties]


def _description(schema: Any, key: str) -> str:
    part = schema.get("properties", {}).get(key)
    described = part.get("description", "") if isinstance(part, Mapping) else ""
    return described if isinstance(described, str) else ""


def _unknown_key(error: Any) -> str:
    """Return the first key that nothing allows, or "" where a schema decides about its value."""
    if error.validator_value is not False:
        return ""
    patterns = error.schema.get("patternProperties", {})
    for key in error.instance:
        if key not in error.schema.get("properties", {}) and not any(
            re.search(pattern, key) for pattern in patterns
        ):
            return str(key)
    return ""


def _quote(value: object) -> str:
    return _short(json.dumps(value, ensure_ascii=False, default=str))


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else one_line[:_LONGEST] + "…"
