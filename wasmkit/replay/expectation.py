"""Reads ``tests/*.yaml``: what must come out when a recording is played.

The format is that of ``expectation.schema.json`` beside this file. No expectation is read that
could not fail, and none with a key that is not known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from wasmkit.abi.constants import LogLevel
from wasmkit.errors import InputError
from wasmkit.files import read_bounded
from wasmkit.http.message import as_data, as_text
from wasmkit.project.json_schema import dotted, find_fault
from wasmkit.replay.located_yaml import parse_yaml
from wasmkit.replay.pattern import PatternError, compile_pattern

if TYPE_CHECKING:
    from wasmkit.http.message import Message
    from wasmkit.replay.located_yaml import LocatedYaml
    from wasmkit.replay.pattern import Pattern

__all__ = [
    "MAX_BYTES",
    "BodyRule",
    "Expectation",
    "ExpectationFile",
    "HeaderRule",
    "LogRule",
    "MessageRule",
    "Selector",
    "TextRule",
    "expectation_schema",
    "parse_expectations",
    "read_expectations",
]

MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TextRule:
    """A text must hold ``contains`` and match ``matches``, as far as they are given."""

    contains: bytes = b""
    matches: Pattern | None = None

    def fits(self, data: bytes) -> bool:
        """Return whether the bytes, UTF-8 if they are text, are as demanded."""
        if self.contains not in data:
            return False
        return self.matches is None or self.matches.found_in(data)

    def __str__(self) -> str:
        parts = [f"contains {as_text(self.contains)!r}"] if self.contains else []
        parts += [f"matches {self.matches.text}"] if self.matches else []
        return " and ".join(parts) or "anything"


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """A header, by its name in lower case, must have these values; none means it is absent."""

    name: bytes
    values: tuple[bytes, ...] = ()
    text: TextRule | None = None
    """If given, one of the header's values must fit it, and ``values`` says nothing."""


@dataclass(frozen=True, slots=True)
class BodyRule:
    """What a body must be, with its content coding undone (except for ``unchanged``)."""

    equals: bytes | None = None
    text: TextRule | None = None
    json: tuple[object, ...] = ()
    """The JSON value that the body must be, alone in a tuple; empty if any will do."""
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class MessageRule:
    """What a response or an upstream request must be; what is None or empty may be anything."""

    status: int | None = None
    reached: bool | None = None
    method: bytes | None = None
    path: bytes | None = None
    headers: tuple[HeaderRule, ...] = ()
    body: BodyRule | None = None


@dataclass(frozen=True, slots=True)
class LogRule:
    """A line that must be logged so many ``times``; None means at least once."""

    text: TextRule
    level: LogLevel | None = None
    times: int | None = None

    def __str__(self) -> str:
        times = "a line" if self.times is None else f"{self.times} line(s)"
        level = "any level" if self.level is None else self.level.name.lower()
        return f"{times} of {level} that {self.text}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Which exchanges: all of them, one by its number from 1, or by method and path or URL."""

    number: int | None = None
    request: str = ""
    _method: bytes = b""
    _pattern: Pattern | None = None

    @classmethod
    def of_request(cls, text: str) -> Selector:
        """Return the selector that ``GET /api/*`` means."""
        method, _, glob = text.partition(" ")
        escaped = ".*".join("".join(map(_escaped, part)) for part in glob.split("*"))
        pattern = compile_pattern(f"(?s)^{escaped}$")
        return cls(request=text, _method=as_data(method), _pattern=pattern)

    def fits(self, number: int, request: Message) -> bool:
        """Return whether it means this exchange."""
        if self.number is not None:
            return self.number == number
        if self._pattern is None:
            return True
        _, _, glob = self.request.partition(" ")
        target = request.path if "?" in glob else request.path.partition(b"?")[0]
        if "://" in glob:
            target = b"%b://%b%b" % (request.scheme, request.authority, target)
        return self._method in (b"*", request.method) and self._pattern.found_in(target)

    def __str__(self) -> str:
        return self.request or (f"exchange {self.number}" if self.number else "all exchanges")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of the exchanges that the selector means; ``lines`` lead to the text."""

    selector: Selector
    file: Path
    index: int
    source: LocatedYaml
    response: MessageRule | None = None
    upstream: MessageRule | None = None
    logs: tuple[LogRule, ...] = ()
    trap: bool = False

    def place(self, *path: str | int) -> str:
        """Return ``file:line`` of a part of this expectation, the file without its folder."""
        return f"{self.file.name}:{self.source.line(('expect', self.index, *path))}"

    def error(self, message: str, *path: str | int, hint: str = "") -> InputError:
        """Return an error that names a part of this expectation."""
        whole = ("expect", self.index, *path)
        return InputError(
            message, file=self.file, line=self.source.line(whole), field=dotted(whole), hint=hint
        )


@dataclass(frozen=True, slots=True)
class ExpectationFile:
    """One file of ``tests/``; ``config`` holds its configuration, alone in a tuple, if it has one.

    ``recording`` is the name of a file in ``recordings/``, or empty for each of them.
    """

    file: Path
    source: LocatedYaml
    recording: str
    config: tuple[object, ...]
    expectations: tuple[Expectation, ...]


@cache
def expectation_schema() -> dict[str, Any]:
    """Return the JSON Schema of expectation files; the caller must not change it."""
    text = Path(__file__).with_name("expectation.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def read_expectations(path: Path) -> ExpectationFile:
    """Read an expectation file; raises ``InputError`` with file, line and field."""
    return parse_expectations(read_bounded(path, MAX_BYTES), path)


def parse_expectations(data: bytes, file: Path) -> ExpectationFile:
    """Read the content of an expectation file. See ``read_expectations``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8 text", file=file, line=line) from error
    source = parse_yaml(text, file)
    fault = find_fault(expectation_schema(), source.value)
    if fault is not None:
        raise InputError(
            fault.message,
            file=file,
            line=source.line(fault.path),
            field=dotted(fault.path),
            hint=fault.hint,
        )
    document = cast("dict[str, Any]", source.value)
    return ExpectationFile(
        file=file,
        source=source,
        recording=document.get("recording", ""),
        config=(document["config"],) if "config" in document else (),
        expectations=tuple(
            _Reader(Expectation(Selector(), file, index, source)).expectation(item)
            for index, item in enumerate(document["expect"])
        ),
    )


def _escaped(character: str) -> str:
    return (
        character if character.isalnum() and character.isascii() else f"\\x{{{ord(character):x}}}"
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns one item of ``expect`` that has passed the schema into rules."""

    at: Expectation
    """An empty one that knows its place."""

    def expectation(self, item: dict[str, Any]) -> Expectation:
        return Expectation(
            selector=self.selector(item),
            file=self.at.file,
            index=self.at.index,
            source=self.at.source,
            response=self.message(item, "response"),
            upstream=self.message(item, "upstream"),
            logs=tuple(self.log(log, ("logs", i)) for i, log in enumerate(item.get("logs", ()))),
            trap=item.get("trap", False),
        )

    def selector(self, item: dict[str, Any]) -> Selector:
        chosen = [key for key in ("request", "exchange", "all") if key in item]
        if len(chosen) != 1 or len(item) == 1:
            raise self.at.error(
                "says of no exchange, or of several kinds, what it is about",
                hint="write one of: request: GET /path, exchange: 3, all: true",
            )
        if "request" in item:
            try:
                return Selector.of_request(item["request"])
            except PatternError as error:
                raise self.at.error(str(error), "request") from error
        return Selector(number=item.get("exchange"))

    def message(
        self, item: dict[str, Any], side: Literal["response", "upstream"]
    ) -> MessageRule | None:
        part = item.get(side)
        if part is None:
            return None
        if part.get("reached") is False and len(part) > 1:
            raise self.at.error(
                "cannot be false here: a request that does not arrive has no headers or body",
                *(side, "reached"),
            )
        body = part.get("body")
        return MessageRule(
            status=part.get("status"),
            reached=part.get("reached"),
            method=_data(part.get("method")),
            path=_data(part.get("path")),
            headers=tuple(
                self.header(name, value, (side, "headers", name))
                for name, value in part.get("headers", {}).items()
            ),
            body=None if body is None else self.body(body, (side, "body")),
        )

    def header(self, written: str, value: Any, path: tuple[str | int, ...]) -> HeaderRule:
        name = as_data(written.lower())
        match value:
            case None:
                return HeaderRule(name)
            case dict():
                return HeaderRule(name, text=self.text(value, path))
            case list():
                return HeaderRule(name, values=tuple(map(as_data, value)))
            case _:
                return HeaderRule(name, values=(as_data(str(value)),))

    def body(self, value: Any, path: tuple[str | int, ...]) -> BodyRule:
        if isinstance(value, str):
            return BodyRule(equals=as_data(value))
        return BodyRule(
            text=self.text(value, path) if value.keys() & {"contains", "matches"} else None,
            json=(value["json"],) if "json" in value else (),
            unchanged=value.get("unchanged", False),
        )

    def log(self, value: dict[str, Any], path: tuple[str | int, ...]) -> LogRule:
        level = value.get("level")
        return LogRule(
            text=self.text(value, path),
            level=None if level is None else LogLevel[level.upper()],
            times=value.get("times"),
        )

    def text(self, value: dict[str, Any], path: tuple[str | int, ...]) -> TextRule:
        matches = value.get("matches")
        try:
            pattern = None if matches is None else compile_pattern(matches)
        except PatternError as error:
            raise self.at.error(str(error), *path, "matches") from error
        return TextRule(contains=as_data(value.get("contains", "")), matches=pattern)


def _data(text: str | None) -> bytes | None:
    return None if text is None else as_data(text)
