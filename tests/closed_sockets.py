"""A fixture under which a test that reaches for the network fails where it does so."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["closed_sockets"]

REACHING = ("bind", "connect", "connect_ex", "listen", "sendto")


def _closed(name: str) -> Callable[..., object]:
    real = getattr(socket.socket, name)

    def refuse_the_network(self: socket.socket, *arguments: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(name)
        return real(self, *arguments)

    return refuse_the_network


def _refuse(name: str) -> NoReturn:
    # No OSError: code that gets over a failed connection must not get over this.
    pytest.fail(f"a unit test called socket.{name}(): tests that need one are in tests/functional")


@pytest.fixture(autouse=True)
def closed_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep IP sockets closed; Unix sockets and ``socketpair`` work."""
    for name in REACHING:
        monkeypatch.setattr(socket.socket, name, _closed(name))
