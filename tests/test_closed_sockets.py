from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from closed_sockets import closed_sockets

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["closed_sockets"]  # for the tests of this file

ADDRESS = ("127.0.0.1", 1)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bind", (ADDRESS,)),
        ("connect", (ADDRESS,)),
        ("connect_ex", (ADDRESS,)),
        ("listen", ()),
        ("sendto", (b"x", ADDRESS)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_network_is_closed(
    family: socket.AddressFamily, name: str, arguments: tuple[object, ...]
) -> None:
    with (
        socket.socket(family, socket.SOCK_DGRAM) as each,
        pytest.raises(pytest.fail.Exception, match="tests/functional"),
    ):
        getattr(each, name)(*arguments)


def test_other_sockets_are_open(tmp_path: Path) -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")
        assert right.recv(1) == b"x"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
