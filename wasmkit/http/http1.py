"""HTTP/1.1 messages byte for byte, for both sides of an Envoy under observation.

Ordinary clients and servers add, merge, re-order or drop headers and decode bodies. What a
filter did is seen only if nothing else does anything, so messages are written and read here as
they are (RFC 9112). Only Envoy and programs of this project are on the other side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "Message",
    "MessageReader",
    "decode_text",
    "encode_text",
    "has_no_body",
    "message_bytes",
    "status_line",
]

_MAX_HEAD = 16 * 1024 * 1024
_MAX_BODY = 512 * 1024 * 1024
_STATUS_LINE = re.compile(r"HTTP/1\.[01] (\d{3})(?: .*)?", re.DOTALL)
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")


def encode_text(text: str) -> bytes:
    """Return a header's text as bytes: UTF-8, lone surrogates back to the bytes they stand for."""
    return text.encode("utf-8", "surrogateescape")


def decode_text(data: bytes) -> str:
    """Return a header's bytes as text; bytes that are no UTF-8 become lone surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def has_no_body(method: str, status: int) -> bool:
    """Return whether a response has no body whatever its headers say (RFC 9112 6.3)."""
    return method == "HEAD" or status in (204, 304)


def status_line(status: int) -> str:
    """Return the first line of a response; a status without a name gets an empty reason."""
    try:
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP/1.1 {status} "


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response; header names in lower case, in the order of the wire.

    ``complete`` is False if the connection ended, or the bytes stopped being HTTP, before the
    message did; what came until then is there.
    """

    first_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    trailers: tuple[tuple[str, str], ...] = ()
    complete: bool = True

    @property
    def status(self) -> int:
        """Return a response's status, 0 if there is none."""
        match = _STATUS_LINE.fullmatch(self.first_line)
        return int(match[1]) if match else 0

    def header(self, name: str) -> str | None:
        """Return the first value of a header, None if it is absent."""
        return next((value for key, value in self.headers if key == name), None)


def message_bytes(message: Message, *, without_body: bool = False) -> bytes:
    """Return the message as it goes over the wire.

    With ``transfer-encoding: chunked`` among the headers the body is one chunk, then the
    trailers; otherwise it stands as it is, and its length must be among the headers.
    """
    parts = [encode_text(message.first_line), b"\r\n", _fields(message.headers)]
    if not without_body:
        if message.header("transfer-encoding") == "chunked":
            if message.body:
                parts += [b"%x\r\n" % len(message.body), message.body, b"\r\n"]
            parts += [b"0\r\n", _fields(message.trailers)]
        else:
            parts.append(message.body)
    return b"".join(parts)


def _fields(headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [encode_text(name) + b": " + encode_text(value) + b"\r\n" for name, value in headers]
    return b"".join(lines) + b"\r\n"


class _MalformedError(Exception):
    """The bytes are no HTTP/1.1; ends a message, never leaves this module."""


class MessageReader:
    """Reads one message from pieces of a connection.

    ``method`` is that of the request whose response is read (interim responses are skipped), or
    None to read a request. Feed pieces until ``done``; an empty piece is the connection's end.
    """

    def __init__(self, *, method: str | None = None) -> None:
        self.done = False
        self._method = method
        self._buffer = bytearray()
        self._ended = False
        self._complete = False
        self._first_line = ""
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()
        self._trailers: tuple[tuple[str, str], ...] = ()
        self._steps = self._read()

    @property
    def begun(self) -> bool:
        """Return whether any byte of a message has come."""
        return bool(self._first_line or self._buffer)

    @property
    def rest(self) -> bytes:
        """Return what came behind the message."""
        return bytes(self._buffer)

    @property
    def message(self) -> Message:
        """Return what has been read so far."""
        return Message(
            self._first_line, self._headers, bytes(self._body), self._trailers, self._complete
        )

    def feed(self, data: bytes) -> None:
        """Take the next piece; never raises, whatever the bytes are."""
        self._buffer += data
        if self.done:
            return
        self._ended = self._ended or not data
        try:
            next(self._steps)
        except StopIteration:
            self._complete = self.done = True
        except _MalformedError:
            self.done = True

    def _read(self) -> Generator[None, None, None]:
        yield from self._read_head()
        if self._method is not None:
            while 100 <= self.message.status < 200:
                yield from self._read_head()
            if has_no_body(self._method, self.message.status):
                return
        encoding, length = self._framing()
        if "chunked" in encoding:
            yield from self._read_chunks()
        elif length is not None:
            yield from self._read_body(length)
        elif self._method is not None:
            yield from self._read_to_end()

    def _framing(self) -> tuple[str, int | None]:
        message = self.message
        length = message.header("content-length")
        if length is not None and not _LENGTH.fullmatch(length):
            raise _MalformedError
        return message.header("transfer-encoding") or "", None if length is None else int(length)

    def _read_head(self) -> Generator[None, None, None]:
        lines: list[bytes] = []
        yield from self._read_lines(lines)
        if not lines:
            raise _MalformedError
        self._first_line = decode_text(lines[0])
        self._headers = _parse_fields(lines[1:])

    def _read_lines(self, lines: list[bytes]) -> Generator[None, None, None]:
        """Append the lines up to the next empty one."""
        size = 0
        while True:
            line = yield from self._read_line()
            if not line:
                return
            size += len(line)
            if size > _MAX_HEAD:
                raise _MalformedError
            lines.append(line)

    def _read_line(self) -> Generator[None, None, bytes]:
        searched = 0
        while (end := self._buffer.find(b"\r\n", searched)) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise _MalformedError
            searched = max(len(self._buffer) - 1, 0)
            yield from self._wait()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _read_chunks(self) -> Generator[None, None, None]:
        while True:
            match = _CHUNK_SIZE.fullmatch((yield from self._read_line()))
            if match is None:
                raise _MalformedError
            size = int(match[1], 16)
            if size == 0:
                break
            yield from self._read_body(size)
            if (yield from self._read_line()):
                raise _MalformedError
        lines: list[bytes] = []
        yield from self._read_lines(lines)
        self._trailers = _parse_fields(lines)

    def _read_body(self, size: int) -> Generator[None, None, None]:
        if len(self._body) + size > _MAX_BODY:
            raise _MalformedError
        while size:
            if not self._buffer:
                yield from self._wait()
            piece = self._buffer[:size]
            del self._buffer[:size]
            self._body += piece
            size -= len(piece)

    def _read_to_end(self) -> Generator[None, None, None]:
        while not self._ended:
            self._body += self._buffer
            self._buffer.clear()
            if len(self._body) > _MAX_BODY:
                raise _MalformedError
            yield
        self._body += self._buffer
        self._buffer.clear()

    def _wait(self) -> Generator[None, None, None]:
        if self._ended:
            raise _MalformedError
        yield


def _parse_fields(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise _MalformedError
        fields.append((decode_text(name).lower(), decode_text(value.strip(b" \t"))))
    return tuple(fields)
