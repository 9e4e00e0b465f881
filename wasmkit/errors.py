"""Every error a user can meet, in one tree.

::

    WasmkitError
    ├── CheckFailedError      1  the work was done and its answer is no (a replay differs)
    ├── InputError            2  a command line, a project file, a recording, an expectation
    ├── BuildError            3  the source cannot become a module
    ├── RegistryError         4  a registry or the network refused or did not answer
    ├── GuestModuleError      5  a .wasm file is malformed or no Proxy-Wasm module
    └── MissingPartError      6  something optional is not installed (Envoy, the hub)

The number is the process's exit code. Bugs stay ``ValueError`` and ``TypeError``. Only
``wasmkit/cli/main.py`` prints an error and exits.

Much of what is printed was written by strangers: recordings, logs, modules, registries. Whatever
prints such a text passes it through ``printable``; errors do so with their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BuildError",
    "CheckFailedError",
    "GuestModuleError",
    "InputError",
    "MissingPartError",
    "RegistryError",
    "WasmkitError",
    "printable",
]

# Controls but tab and newline, marks that turn the direction of writing or end a line, and halves
# of surrogate pairs, which no terminal takes.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str, *, one_line: bool = False) -> str:
    """Return text with what a terminal would act upon, or cannot show, as escapes.

    Tabs and newlines stay, with ``one_line`` tabs alone.
    """
    shown = _UNSAFE.sub(_escape, text)
    return shown.replace("\n", "\\n") if one_line else shown


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class WasmkitError(Exception):
    """What failed, in one line; ``hint`` is the next step, in one line, or empty."""

    exit_code: ClassVar[int]

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(printable(message))
        self.hint = printable(hint)


class CheckFailedError(WasmkitError):
    """A check was carried out and failed; its report has been printed already."""

    exit_code = 1


class InputError(WasmkitError):
    """Something the user wrote or recorded cannot be used.

    ``file``, ``line`` (from 1) and ``field`` (dotted, as written in the file) say where; each is
    left out of the text when it is not known.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str = "",
        hint: str = "",
    ) -> None:
        self.file = file
        self.line = line
        self.field = field
        place = "" if file is None else str(file) + ("" if line is None else f":{line}")
        super().__init__(": ".join(part for part in (place, field, message) if part), hint=hint)


class BuildError(WasmkitError):
    """A filter's source cannot be built; ``detail`` is the author's own traceback or log."""

    exit_code = 3

    def __init__(self, message: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.detail = printable(detail)


class RegistryError(WasmkitError):
    """A registry refused, did not answer or answered nonsense; the text holds no credentials."""

    exit_code = 4


class GuestModuleError(WasmkitError):
    """A file is not a WebAssembly module, or not one that a Proxy-Wasm host could load."""

    exit_code = 5


class MissingPartError(WasmkitError):
    """An optional part is not installed on this machine; the hint says how to install it."""

    exit_code = 6
