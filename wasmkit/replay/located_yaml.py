"""YAML as JSON with line numbers: the part of YAML that can surprise nobody is what is read.

Plain scalars mean what they mean in JSON and in YAML 1.2's core schema: ``yes``, ``off``,
``2026-11-03`` and ``12:30`` are text. Anchors, aliases, tags, several documents and repeated keys
are refused, so that a document is as small as its text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from wasmkit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MAX_DEPTH", "LocatedYaml", "YamlPath", "parse_yaml"]

MAX_DEPTH = 50

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

YamlPath = tuple[str | int, ...]
"""Keys and list indices from the top of a document: ``("expect", 0, "response")``."""


@dataclass(frozen=True, slots=True)
class LocatedYaml:
    """A document's JSON value, and the line of each thing in it by its path."""

    value: object
    lines: dict[YamlPath, int]

    def line(self, path: YamlPath) -> int:
        """Return the line (from 1) of what is at the path, or of what is nearest above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_yaml(text: str, file: Path | str) -> LocatedYaml:
    """Return the one document of a YAML text.

    Raises ``InputError`` with file and line for what is not YAML or none of the part read here.
    """
    lines: dict[YamlPath, int] = {}
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    try:
        document = _Builder(file, events, lines).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        problem = error.problem or error.context or "unknown reason"
        raise InputError(f"not valid YAML: {problem}", file=file, line=line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"not valid YAML: {error.reason}", file=file, line=line) from error
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {error}", file=file) from error
    return LocatedYaml(document, lines)


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds values from parser events; ``lines`` is filled on the way."""

    file: Path | str
    events: Iterator[yaml.Event]
    lines: dict[YamlPath, int]

    def error(self, event: yaml.Event, message: str, hint: str = "") -> InputError:
        return InputError(message, file=self.file, line=_line(event), hint=hint)

    def document(self) -> object:
        next(self.events)  # the stream's start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self.value(next(self.events), ())
        next(self.events)  # the document's end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.error(event, "holds more than one document", "leave out '---'")
        return value

    def value(self, event: yaml.Event, path: YamlPath) -> object:
        self.lines.setdefault(path, _line(event))
        if len(path) > MAX_DEPTH:
            raise self.error(event, f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.error(event, "anchors and aliases are not read", "write it out")
        if getattr(event, "tag", None):
            raise self.error(event, "tags are not read", "leave out what begins with '!'")
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path)

    def sequence(self, path: YamlPath) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def mapping(self, path: YamlPath) -> dict[str, object]:
        items: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.error(event, "a key must be a word, not a list, a mapping or an alias")
            key = self.text(event)  # as written: a header may be called 'no' or '42'
            if key in items:
                raise self.error(event, f"the key {key!r} is there twice")
            self.lines[(*path, key)] = _line(event)
            items[key] = self.value(next(self.events), (*path, key))
        return items

    def text(self, event: yaml.ScalarEvent) -> str:
        try:
            event.value.encode()
        except UnicodeEncodeError as error:
            raise self.error(event, "holds half a surrogate pair, which is not text") from error
        return event.value

    def scalar(self, event: yaml.ScalarEvent) -> object:
        text = self.text(event)
        if not event.implicit[0]:
            return text  # quoted, or a block
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                raise self.error(event, "the number is too large", "quote it if it is text")
            return number
        return text
