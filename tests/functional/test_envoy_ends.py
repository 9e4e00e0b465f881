from __future__ import annotations

import socket
import threading
import time

import pytest

from wasmkit.envoy.ends import Upstream, request_once
from wasmkit.http.http1 import Message, message_bytes, status_line


def ask(address: tuple[str, int], message: Message, seconds: float = 5) -> Message:
    method = message.first_line.split()[0]
    return request_once(address, message_bytes(message), method=method, seconds=seconds)


def test_bytes_go_through_as_they_are() -> None:
    seen: list[Message] = []
    response = Message(
        status_line(200), (("x-b", "1"), ("content-length", "4"), ("x-b", "2")), b"\0\r\n\xff"
    )

    def answer(request: Message) -> Message:
        seen.append(request)
        return response

    request = Message("POST /a HTTP/1.1", (("host", "a"), ("content-length", "2")), b"\r\n")
    with Upstream(answer) as upstream:
        assert ask(upstream.address, request) == response
    assert seen == [request]


def test_one_connection_carries_many_requests_and_head_gets_no_body() -> None:
    response = Message(status_line(200), (("content-length", "2"),), b"hi")
    with (
        Upstream(lambda _: response) as upstream,
        socket.create_connection(upstream.address, timeout=5) as client,
    ):
        client.sendall(b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        expected = message_bytes(response, without_body=True) + message_bytes(response)
        got = b""
        while len(got) < len(expected):
            got += client.recv(100)
    assert got == expected


def test_an_upstream_can_hang_up() -> None:
    with Upstream(lambda _: None) as upstream:
        got = ask(upstream.address, Message("GET / HTTP/1.1"))
    assert got == Message("", complete=False)


def test_leaving_ends_connections_that_wait() -> None:
    with Upstream(lambda _: None) as upstream:
        address = upstream.address
        client = socket.create_connection(address, timeout=5)
        client.sendall(b"GET / HT")
        time.sleep(0.05)
    with client:
        assert client.recv(1) == b""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=1)


@pytest.mark.parametrize("close", [False, True])
def test_an_answer_before_the_request_is_complete_is_read(*, close: bool) -> None:
    response = Message(status_line(413), (("content-length", "0"),))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(message_bytes(response))
                if close:
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        big = Message("POST / HTTP/1.1", (("content-length", str(50 << 20)),), bytes(50 << 20))
        assert ask(server.getsockname(), big) == response
        thread.join()


def test_a_server_that_says_nothing_costs_the_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        got = ask(server.getsockname(), Message("GET / HTTP/1.1"), seconds=0.2)
    assert got == Message("", complete=False)
    assert 0.15 < time.monotonic() - started < 3
