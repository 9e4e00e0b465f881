"""A JSON document that others wrote: read within limits, and looked into by typed questions.

Every answer that is not of the asked type is an error with the place in the document, written
as ``log.entries[3].request.url``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from wasmkit.errors import InputError
from wasmkit.http.message import as_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Node", "parse"]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def parse(data: bytes, file: Path | str) -> Node:
    """Return the document's root.

    UTF-8 is the rule (RFC 8259), a byte order mark and UTF-16 are let pass: Windows tools write
    them.
    """
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"is not {error.encoding} text", file=file, line=line) from error
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"not valid JSON: {error.msg}", file=file, line=error.lineno) from error
    except RecursionError as error:
        raise InputError("is nested too deeply", file=file) from error
    except ValueError as error:  # a number with thousands of digits, NaN
        raise InputError(f"not valid JSON: {error}", file=file) from error
    return Node(value, "", file)


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document; a missing one is None, as JSON's null."""

    value: object
    path: str
    file: Path | str

    def error(self, message: str, *, hint: str = "") -> InputError:
        """Return an error that names this place."""
        return InputError(message, file=self.file, field=self.path, hint=hint)

    @property
    def missing(self) -> bool:
        """Return whether nothing, or null, stands here."""
        return self.value is None

    def __getitem__(self, key: str) -> Node:
        if not isinstance(self.value, dict):
            raise self.error("must be an object" if not self.missing else "is missing")
        path = f"{self.path}.{key}" if self.path else key
        return Node(self.value.get(key), path, self.file)

    def items(self) -> Iterator[Node]:
        """Return the items of an array; a missing array has none."""
        if not isinstance(self.value, list | None):
            raise self.error("must be an array")
        for index, item in enumerate(self.value or ()):
            yield Node(item, f"{self.path}[{index}]", self.file)

    def text(self, default: str | None = None) -> str:
        """Return a string, or ``default`` if it is missing; without default it must be there.

        Lone surrogates that stand for bytes (PEP 383, as mitmproxy writes) are kept; others are
        no text.
        """
        self.data(default)
        return self.value if isinstance(self.value, str) else default or ""

    def data(self, default: str | None = None) -> bytes:
        """Return the bytes that a string stands for; see ``text``."""
        if self.missing and default is not None:
            return as_data(default)
        if not isinstance(self.value, str):
            raise self.error("is missing" if self.missing else "must be a string")
        try:
            return as_data(self.value)
        except UnicodeEncodeError as error:
            raise self.error("holds half a surrogate pair, which is not text") from error

    def number(self, default: float) -> float:
        """Return a finite number, or ``default`` if it is missing."""
        if self.missing:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.error("must be a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.error("is too large a number")
        return number
