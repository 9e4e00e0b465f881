"""Bodies as expectations speak of them, and how two of them differ, for people."""

from __future__ import annotations

import difflib
import json

__all__ = ["difference", "parse_json", "same_json", "show_json", "summary"]

_MAX_DIFFED = 64 * 1024
_MAX_LINES = 40
_MAX_WIDTH = 200
_SHOWN_BYTES = 16
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D}


def parse_json(data: bytes) -> tuple[object, str]:
    """Return a body's JSON value and no reason, or None and the reason why it has none."""
    try:
        return json.loads(data), ""
    except RecursionError:
        return None, "is nested too deeply"
    except ValueError as error:  # UnicodeDecodeError too
        return None, f"is not JSON: {error}"


def same_json(one: object, other: object) -> bool:
    """Return whether two JSON values are equal; unlike Python's, ``true`` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return one == other


def show_json(value: object) -> str:
    """Return a JSON value over several lines, its keys sorted, so that two can be compared."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def summary(data: bytes) -> str:
    """Return a body in one line: its text if that is short, else its size and how it begins."""
    if not data:
        return "an empty body"
    text = _text(data)
    if text is None:
        return f"{len(data)} bytes: {data[:_SHOWN_BYTES].hex(' ')}" + _dots(data)
    if not text.strip():
        return f"{len(data)} bytes of white space"
    if len(text) <= _MAX_WIDTH and "\n" not in text.rstrip("\n"):
        return text.rstrip("\n")
    return f"{len(data)} bytes: {text.splitlines()[0][:60]}…"


def difference(expected: bytes, got: bytes) -> tuple[str, ...]:
    """Return lines that show how the bodies differ: a diff for text, the first bytes for others."""
    before, after = _text(expected), _text(got)
    if before is None or after is None or max(len(before), len(after)) > _MAX_DIFFED:
        return _first_difference(expected, got)
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "expected", "got", lineterm="", n=2
    )
    shown = [line if len(line) <= _MAX_WIDTH else line[:_MAX_WIDTH] + "…" for line in lines]
    if not shown:
        return ("they differ in line ends alone",)
    if len(shown) > _MAX_LINES:
        shown = [*shown[:_MAX_LINES], f"… {len(shown) - _MAX_LINES} lines more"]
    return tuple(shown)


def _first_difference(expected: bytes, got: bytes) -> tuple[str, ...]:
    at = next(
        (i for i, (one, other) in enumerate(zip(expected, got, strict=False)) if one != other),
        min(len(expected), len(got)),
    )

    def shown(data: bytes) -> str:
        part = data[at : at + _SHOWN_BYTES]
        return f"{part.hex(' ')}{_dots(data[at:])}" if part else "(the end)"

    return (
        f"expected {len(expected)} bytes, got {len(got)}; the first difference is at byte {at}",
        f"-{shown(expected)}",
        f"+{shown(got)}",
    )


def _dots(data: bytes) -> str:
    return " …" if len(data) > _SHOWN_BYTES else ""


def _text(data: bytes) -> str | None:
    """Return the bytes as text, or None if they are none."""
    if _CONTROLS & set(data[:_MAX_DIFFED]):
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
