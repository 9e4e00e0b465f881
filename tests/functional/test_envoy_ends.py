from __future__ import annotations

import socket
import threading
import time

import pytest

from wasmkit.envoy.ends import Upstream, request_once
from wasmkit.http.http1 import Received, message_bytes
from wasmkit.http.message import Message

HELLO = Message.response(200, ((b"content-length", b"2"),), b"hi")
GET = Message.request(b"GET", b"/", authority=b"a")


def test_bytes_go_through_as_they_are() -> None:
    seen: list[Message] = []
    response = Message.response(
        200, ((b"x-b", b"1"), (b"content-length", b"4"), (b"x-b", b"2")), b"\0\r\n\xff"
    )

    def answer(request: Message) -> Message:
        seen.append(request)
        return response

    headers = ((b":method", b"POST"), (b":authority", b"a"), (b":path", b"/a"))
    request = Message((*headers, (b"content-length", b"2")), (b"\r\n",))
    with Upstream(answer) as upstream:
        got = request_once(upstream.address, request, seconds=5)
    assert got == Received(response, complete=True)
    assert seen == [request]


def test_one_connection_carries_many_requests_and_head_gets_no_body() -> None:
    with (
        Upstream(lambda _: HELLO) as upstream,
        socket.create_connection(upstream.address, timeout=5) as client,
    ):
        client.sendall(b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        expected = message_bytes(HELLO, without_body=True) + message_bytes(HELLO)
        got = b""
        while len(got) < len(expected):
            got += client.recv(100)
    assert got == expected


def test_an_upstream_can_hang_up() -> None:
    with Upstream(lambda _: None) as upstream:
        got = request_once(upstream.address, GET, seconds=5)
    assert got == Received()


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
    response = Message.response(413, ((b"content-length", b"0"),))
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
        big = Message.request(
            b"POST",
            b"/",
            authority=b"a",
            headers=((b"content-length", b"%d" % (50 << 20)),),
            body=bytes(50 << 20),
        )
        got = request_once(server.getsockname(), big, seconds=5)
        assert got == Received(response, complete=True)
        thread.join()


def test_a_server_that_says_nothing_costs_the_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        got = request_once(server.getsockname(), GET, seconds=0.2)
    assert got == Received()
    assert 0.15 < time.monotonic() - started < 3
