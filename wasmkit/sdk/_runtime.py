"""What Python needs to feel at home in a module: output, logging, fresh state, late imports.

A module is a snapshot of an interpreter that has imported the filter. It has no files, nobody
reads its stdout, and whatever was random or the machine's own at build time would be the same
in every VM. The build calls ``install`` once, before it takes the snapshot; the first root
context of a VM calls ``start_vm``. Natively neither is called, and an engine uses
``LogStream`` and ``LogHandler`` by themselves.

What stays frozen, for every VM of one build: the hash seed (so the order of a set of strings),
and generators that a filter makes at module level (``random.Random()``; the functions of
``random`` itself are reseeded).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import linecache
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from wasmkit.abi.constants import LogLevel
from wasmkit.sdk import _host
from wasmkit.sdk._text import ERRORS
from wasmkit.sdk._traceback import format_error

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "LogHandler",
    "LogStream",
    "import_companions",
    "install",
    "remember_source",
    "start_vm",
]

_MAX_LINE = 16 * 1024

_COMPANIONS = {
    "collections": ("copy", "heapq"),
    "csv": ("re",),
    "datetime": ("_strptime",),
    "difflib": ("re",),
    "email": ("email.parser",),
    "email.message": ("email.generator", "email.policy"),
    "email.utils": ("email.charset", "random"),
    "gzip": ("errno", "warnings"),
    "hmac": ("hashlib",),
    "http.cookies": ("time",),
    "ipaddress": ("re",),
    "pprint": ("dataclasses", "re"),
    "random": ("_sha2",),
    "reprlib": ("math",),
    "shlex": ("collections",),
    "string": ("collections", "re"),
    "urllib.parse": ("unicodedata",),
    "uuid": ("hashlib", "random", "time"),
    "weakref": ("atexit", "copy", "gc"),
    "xml.etree.ElementTree": ("pyexpat", "xml.parsers"),
}
"""Modules that the standard library imports late, by the module whose functions do so in the
ordinary course of things; what only its command lines and rare corners import is not here."""


class LogStream(io.TextIOBase):
    """A text stream whose lines go to the host's log at one level, each as one message.

    An unfinished line waits for its end, for ``flush`` or for 16 KiB.
    """

    encoding = "utf-8"
    errors = ERRORS

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = int(level)
        self._pending = ""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str, /) -> int:
        """Take text; ``TypeError`` for bytes."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            _host.host.proxy_log(self._level, line)
        if len(self._pending) > _MAX_LINE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Log an unfinished line as it is."""
        if self._pending:
            line, self._pending = self._pending, ""
            _host.host.proxy_log(self._level, line)


class _Formatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return format_error(ei[1])


class LogHandler(logging.Handler):
    """Gives records to the host's log: TRACE below DEBUG (10), then level by level."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record as one message, with the traceback of its ``exc_info``."""
        level = _LEVELS[min(max(record.levelno, 0), 59) // 10]
        try:
            text = self.format(record)
        except Exception as error:  # noqa: BLE001  # logging's rule: it never fails its caller
            level = int(LogLevel.ERROR)
            text = f"{record.pathname}:{record.lineno}: bad logging call\n{format_error(error)}"
        _host.host.proxy_log(level, text)


_LEVELS = (
    int(LogLevel.TRACE),
    int(LogLevel.DEBUG),
    int(LogLevel.INFO),
    int(LogLevel.WARN),
    int(LogLevel.ERROR),
    int(LogLevel.CRITICAL),
)


class _LateImports:
    """The last finder: a module that has not been found by now is not in the snapshot."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> NoReturn:
        del path, target
        raise ModuleNotFoundError(
            f"{name} is not in this Wasm module: import it at module level, "
            "so that the build freezes it into the module",
            name=name,
        )


_installed = False
_started = False


def install() -> None:
    """Make this interpreter ready for its snapshot, after the filter has been imported.

    Makes no host call. Handlers that the filter gave the root logger for a terminal go; a level
    that it set stays, otherwise every record reaches the host, which has a level of its own.
    """
    global _installed  # noqa: PLW0603  # one interpreter serves one VM
    _installed = True
    import_companions()
    sys.stdout = LogStream(LogLevel.INFO)
    sys.stderr = LogStream(LogLevel.ERROR)
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if type(each) is not logging.StreamHandler]
    root.addHandler(LogHandler())
    if root.level == logging.WARNING:  # Python's default
        root.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=True)
    # A record's thread, process and task are always the same here.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined,unused-ignore]  # since 3.12
    sys.meta_path.append(_LateImports())


def import_companions() -> None:
    """Import what loaded modules will want later, and what that will want in turn."""
    pending = list(sys.modules)
    while pending:
        for companion in _COMPANIONS.get(pending.pop(), ()):
            if companion not in sys.modules:
                before = set(sys.modules)
                with contextlib.suppress(ImportError):
                    importlib.import_module(companion)
                pending += set(sys.modules) - before


def start_vm() -> None:
    """Give a VM what must not come from the snapshot; only once, and only after ``install``."""
    global _started  # noqa: PLW0603  # one interpreter serves one VM
    if _started or not _installed:
        return
    _started = True
    _reseed()
    os.environ.clear()
    for entry in _host.host.environ().split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if name and equals:
            os.environ[os.fsdecode(name)] = os.fsdecode(value)


def _reseed() -> None:
    """Renew what modules of the standard library drew or kept when they were imported.

    Only modules that are in the snapshot count: no other can come later.
    """
    random = sys.modules.get("random")
    if random is not None:
        random.seed()
    uuid = sys.modules.get("uuid")
    for name in ("_node", "_last_timestamp", "_last_timestamp_v7", "_last_counter_v7"):
        if hasattr(uuid, name):
            setattr(uuid, name, 0 if name == "_last_counter_v7" else None)
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        vars(tempfile).update(_name_sequence=None, tempdir=None)


def remember_source(filename: str, source: str) -> None:
    """Keep a source file's text, so that tracebacks can show its lines without a file.

    ``filename`` is that of the compiled code (``co_filename``).
    """
    # Without a time of change the entry is never checked against a file.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
