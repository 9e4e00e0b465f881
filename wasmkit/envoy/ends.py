"""The two ends of an Envoy under observation: the client before it, the upstream behind it."""

from __future__ import annotations

import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

from wasmkit.http.framing import has_no_body
from wasmkit.http.http1 import MessageReader, Received, message_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from wasmkit.http.message import Message

__all__ = ["Upstream", "request_once"]

_PIECE = 1024 * 1024


def request_once(address: tuple[str, int], request: Message, *, seconds: float) -> Received:
    """Send a request over a connection of its own; return the response, as far as it came.

    Reads while it writes, since Envoy may answer and close before it has read everything. After
    ``seconds``, or if the connection ends before a response, the message is not complete. Raises
    ``OSError`` only if no connection is possible.
    """
    reader = MessageReader(method=request.method)
    deadline = time.monotonic() + seconds
    unsent = memoryview(message_bytes(request))
    with socket.create_connection(address, timeout=seconds) as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll = select.poll()
        while not reader.done and (left := deadline - time.monotonic()) > 0:
            poll.register(connection, select.POLLIN | (select.POLLOUT if unsent else 0))
            poll.poll(left * 1000)
            try:
                reader.feed(connection.recv(_PIECE))
            except BlockingIOError:
                pass
            except OSError:
                reader.feed(b"")
            if unsent and not reader.done:
                try:
                    unsent = unsent[connection.send(unsent[:_PIECE]) :]
                except BlockingIOError:
                    pass
                except OSError:
                    # Envoy reads no more; what it said before it closed is still to be read.
                    unsent = memoryview(b"")
    return reader.received


class Upstream:
    """An HTTP/1.1 server on a free loopback port whose answers are bytes as given.

    ``answer`` is called with each request, from the thread of its connection; None hangs up.
    """

    def __init__(self, answer: Callable[[Message], Message | None]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._closed = False

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=self._accept, name="upstream", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            for connection in (self._listener, *self._connections):
                # Closing alone would leave a thread that waits in accept or recv.
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        self._listener.close()

    @property
    def address(self) -> tuple[str, int]:
        """Return where the server listens."""
        host, port = self._listener.getsockname()
        return host, port

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._connections.add(connection)
            threading.Thread(
                target=self._serve, args=(connection,), name="upstream", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        rest = b""
        with connection:
            try:
                while (read := _read_request(connection, rest)) is not None:
                    request, rest = read
                    response = self._answer(request)
                    if response is None:
                        break
                    without_body = has_no_body(request.method, response.status)
                    connection.sendall(message_bytes(response, without_body=without_body))
            except OSError:
                pass  # Envoy closed the connection, as it may at any time
            finally:
                with self._lock:
                    self._connections.discard(connection)


def _read_request(connection: socket.socket, rest: bytes) -> tuple[Message, bytes] | None:
    """Return the next request and what came behind it, None at the connection's end."""
    reader = MessageReader()
    if rest:
        reader.feed(rest)
    while not reader.done:
        reader.feed(connection.recv(_PIECE))
    received = reader.received
    return (received.message, reader.rest) if received.complete else None
