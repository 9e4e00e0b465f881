"""Where each key of a TOML file stands: ``tomllib`` says what a file holds, not on which line.

The text must have passed ``tomllib`` already, so this scanner knows only as much of TOML as it
takes to find keys: statements, dotted keys, the four kinds of strings, arrays, inline tables.
"""

from __future__ import annotations

import re
import tomllib

__all__ = ["KeyPath", "TomlLines"]

KeyPath = tuple[str | int, ...]
"""Keys and array indices from the top of a document, ``("filter", "authors", 0)``."""

_SPACE = re.compile(r"[ \t]*")
_FILLER = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SCALAR = re.compile(
    r"[^\s,\]}#]+(?: [0-9:.Z+-]+)?"
)  # a date and its time may have a space between
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}"),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class TomlLines:
    """The lines, from 1, on which the keys and array items of a valid TOML text stand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}  # arrays of tables: how many items so far
        self._scan()

    def line(self, path: KeyPath) -> int:
        """Return the line of the value at ``path``, or of what stands nearest above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1

    def _scan(self) -> None:
        table: KeyPath = ()
        self._skip(_FILLER)
        while self._at < len(self._text):
            if self._next("[["):
                self._at += 2
                table = self._header(array=True)
                self._at += 2
            elif self._next("["):
                self._at += 1
                table = self._header(array=False)
                self._at += 1
            else:
                self._assignment(table)
            self._skip(_FILLER)

    def _next(self, token: str) -> bool:
        return self._text.startswith(token, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"not valid TOML at offset {self._at}")
        self._at = match.end()
        return match.group()

    def _mark(self, path: KeyPath) -> None:
        """Note the present line for ``path``, unless it has been met before."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self._lines.setdefault(path, self._line)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            if self._text[self._at] in "\"'":
                quoted = self._string()
                parts.append(str(tomllib.loads(f"key = {quoted}")["key"]))
            else:
                parts.append(self._skip(_BARE))
            self._skip(_SPACE)
            if not self._next("."):
                return parts
            self._at += 1

    def _header(self, *, array: bool) -> KeyPath:
        path: KeyPath = ()
        keys = self._key()
        for position, key in enumerate(keys):
            path = (*path, key)
            self._mark(path)
            if array and position == len(keys) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self._mark(path)
        return path

    def _assignment(self, table: KeyPath) -> None:
        path = table
        for key in self._key():
            path = (*path, key)
            self._mark(path)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _string(self) -> str:
        for pattern in _STRINGS:
            if match := pattern.match(self._text, self._at):
                self._at = match.end()
                return match.group()
        raise ValueError(f"not valid TOML string at offset {self._at}")

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        self._skip(_FILLER)
        index = 0
        while not self._next("]"):
            self._mark((*path, index))
            self._value((*path, index))
            self._skip(_FILLER)
            if self._next(","):
                self._at += 1
                self._skip(_FILLER)
            index += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        self._skip(_FILLER)
        while not self._next("}"):
            self._assignment(path)
            self._skip(_FILLER)
            if self._next(","):
                self._at += 1
                self._skip(_FILLER)
        self._at += 1
