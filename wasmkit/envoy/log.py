"""Envoy's log, asked for in a format that can be read back without guessing.

Every record is one line of JSON. What a guest logs stands inside a JSON string, so it can hold
newlines and cannot pass for a record of Envoy's own.
"""

from __future__ import annotations

import json
import os
import select
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.abi.constants import LogLevel
from wasmkit.http.message import as_data, as_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOG_FORMAT", "LogPump", "LogRecord", "guest_message", "parse_record", "trap_reason"]

LOG_FORMAT = '{"level":"%l","logger":"%n","thread":%t,"message":"%j"}'
"""The value of ``--log-format``: level, logger, thread number, message as a JSON string."""

_LEVELS = {
    "trace": LogLevel.TRACE,
    "debug": LogLevel.DEBUG,
    "info": LogLevel.INFO,
    "warning": LogLevel.WARN,
    "error": LogLevel.ERROR,
    "critical": LogLevel.CRITICAL,
}
_MAX_LINE = 16 * 1024 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record of Envoy's log; ``logger`` is empty for output that is not a record (a crash)."""

    level: LogLevel
    logger: str
    thread: int
    message: bytes


def parse_record(line: bytes) -> LogRecord:
    """Return the record on a line (without its newline); never raises."""
    try:
        value = json.loads(as_text(line))
        message = as_data(value["message"])
        return LogRecord(_LEVELS[value["level"]], value["logger"], value["thread"], message)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return LogRecord(LogLevel.CRITICAL, "", 0, line)


def guest_message(record: LogRecord, name: str, root_id: str) -> bytes | None:
    """Return what the guest logged with this record, None if the record is Envoy's own.

    Envoy writes ``wasm log <plugin name> <root id>: <message>`` in a stream, without the name in
    a root context, and leaves out what is empty.
    """
    if record.logger != "wasm":
        return None
    for parts in ((name, root_id), (root_id,)):
        prefix = as_data(" ".join(("wasm log", *filter(None, parts))) + ": ")
        if record.message.startswith(prefix):
            return record.message[len(prefix) :]
    return None


def trap_reason(record: LogRecord) -> str | None:
    """Return why a guest's callback ended in a trap, None if the record tells of none."""
    if record.logger == "wasm" and record.message.startswith(b"Function: "):
        return as_text(record.message.removeprefix(b"Function: "))
    return None


class LogPump:
    """Reads Envoy's log from a pipe as it comes, so that Envoy never waits for a reader.

    ``sink`` is called with each record, in order, one at a time, from a thread of the pump's or
    from ``drain``. The pump owns the file descriptor.
    """

    def __init__(self, descriptor: int, sink: Callable[[LogRecord], None]) -> None:
        self._descriptor = descriptor
        self._sink = sink
        self._line = bytearray()
        self._lock = threading.Lock()
        self._ended = False
        self._closed = False
        os.set_blocking(descriptor, False)
        self._thread = threading.Thread(target=self._run, name="envoy-log", daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """Hand over every record that was written before this call."""
        with self._lock:
            while self._pump():
                pass

    def close(self) -> None:
        """Hand over the rest, once the writer has ended, and release the pipe.

        A second call does nothing.
        """
        self._thread.join()
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._descriptor)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while not self._ended:
            poll.poll()
            with self._lock:
                self._pump()

    def _pump(self) -> bool:
        """Take what the pipe holds; return whether there was something."""
        if self._ended:
            return False
        try:
            piece = os.read(self._descriptor, _PIECE)
        except BlockingIOError:
            return False
        self._ended = not piece
        first, *others = piece.split(b"\n")
        self._append(first)
        for part in others:
            self._end_line()
            self._append(part)
        if self._ended:
            self._end_line()
        return bool(piece)

    def _append(self, part: bytes) -> None:
        # A line that never ends must not fill the memory; its beginning says enough.
        self._line += part[: _MAX_LINE - len(self._line)]

    def _end_line(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        if line:
            self._sink(parse_record(line))
