"""HTTP/1.1 messages byte for byte, for both sides of an Envoy under observation.

Ordinary clients and servers add, merge, re-order or drop headers and decode bodies. What a
filter did is seen only if nothing else does anything, so messages are written and read here as
they are (RFC 9112). Only Envoy and programs of this project are on the other side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from wasmkit.http.framing import content_length, has_no_body
from wasmkit.http.message import Message, Pair

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

__all__ = ["MessageReader", "Received", "message_bytes"]

_MAX_HEAD = 16 * 1024 * 1024
_MAX_BODY = 512 * 1024 * 1024
_REQUEST_LINE = re.compile(rb"([^ ]+) (.*) HTTP/1\.[01]", re.DOTALL)
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: .*)?", re.DOTALL)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_CHUNKED = (b"transfer-encoding", b"chunked")


@dataclass(frozen=True, slots=True)
class Received:
    """What has come of a message.

    ``complete`` is False if the connection ended, or the bytes stopped being HTTP, before the
    message did; what came until then is there.
    """

    message: Message = field(default_factory=Message)
    complete: bool = False


def message_bytes(message: Message, *, without_body: bool = False) -> bytes:
    """Return the message as it goes over the wire, the authority as ``host`` in front.

    With ``transfer-encoding: chunked`` among the headers each piece of the body is a chunk, then
    come the trailers; so too, with that header added, where a body or trailers have neither this
    nor a ``content-length``. Otherwise the body stands as it is.
    """
    fields = message.fields
    if message.pieces or message.trailers:
        names = {name for name, _ in fields}
        if not names & {b"content-length", b"transfer-encoding"}:
            fields = (*fields, _CHUNKED)
    authority = message.get(b":authority")
    host = () if authority is None else ((b"host", authority),)
    parts = [_first_line(message), b"\r\n", _lines((*host, *fields))]
    if not without_body:
        if _CHUNKED in fields:
            for piece in message.pieces:
                parts += [b"%x\r\n" % len(piece), piece, b"\r\n"]
            parts += [b"0\r\n", _lines(message.trailers)]
        else:
            parts += message.pieces
    return b"".join(parts)


def _first_line(message: Message) -> bytes:
    """Return a request line, or a status line, in which a status without a name has no reason."""
    status = message.status
    if not status:
        return b"%b %b HTTP/1.1" % (message.method, message.path)
    try:
        reason = HTTPStatus(status).phrase.encode()
    except ValueError:
        reason = b""
    return b"HTTP/1.1 %d %b" % (status, reason)


def _lines(headers: Iterable[Pair]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers]) + b"\r\n"


class _MalformedError(Exception):
    """The bytes are not HTTP/1.1; ends a message, never leaves this module."""


class MessageReader:
    """Reads one message from pieces of a connection.

    ``method`` is that of the request whose response is read (interim responses are skipped), or
    None to read a request. Feed pieces until ``done``; an empty piece is the connection's end.

    The message has its pseudo headers from the first line and from ``host``; a request has no
    ``:scheme``, which this wire does not carry.
    """

    def __init__(self, *, method: bytes | None = None) -> None:
        self.done = False
        self._method = method
        self._buffer = bytearray()
        self._ended = False
        self._complete = False
        self._headers: tuple[Pair, ...] = ()
        self._body = bytearray()
        self._trailers: tuple[Pair, ...] = ()
        self._steps = self._read()

    @property
    def rest(self) -> bytes:
        """Return what came behind the message."""
        return bytes(self._buffer)

    @property
    def received(self) -> Received:
        """Return what has been read so far; a body is one piece."""
        pieces = (bytes(self._body),) if self._body else ()
        return Received(Message(self._headers, pieces, self._trailers), self._complete)

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
            while (status := Message(self._headers).status) < 200:
                yield from self._read_head()
            if has_no_body(self._method, status):
                return
        encoding, length = self._framing()
        if b"chunked" in encoding:
            yield from self._read_chunks()
        elif length is not None:
            yield from self._read_body(length)
        elif self._method is not None:
            yield from self._read_to_end()

    def _framing(self) -> tuple[bytes, int | None]:
        head = Message(self._headers)
        value = head.get(b"content-length")
        length = None if value is None else content_length(value)
        if length is None and value is not None:
            raise _MalformedError
        return head.get(b"transfer-encoding") or b"", length

    def _read_head(self) -> Generator[None, None, None]:
        lines: list[bytes] = []
        yield from self._read_lines(lines)
        if not lines:
            raise _MalformedError
        self._headers = _pseudo_headers(lines[0], is_request=self._method is None)
        fields = _parse_fields(lines[1:])
        host = next((pair for pair in fields if pair[0] == b"host"), None)
        if self._method is None and host is not None:
            fields.remove(host)
            method, path = self._headers
            self._headers = (method, (b":authority", host[1]), path)
        self._headers += tuple(fields)

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
        self._trailers = tuple(_parse_fields(lines))

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


def _pseudo_headers(line: bytes, *, is_request: bool) -> tuple[Pair, ...]:
    match = (_REQUEST_LINE if is_request else _STATUS_LINE).fullmatch(line)
    if match is None:
        raise _MalformedError
    if is_request:
        return ((b":method", match[1]), (b":path", match[2]))
    return ((b":status", match[1]),)


def _parse_fields(lines: list[bytes]) -> list[Pair]:
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise _MalformedError
        fields.append((name.lower(), value.strip(b" \t")))
    return fields
