"""Addresses; ports are opened in tests/functional/test_hub_serve.py."""

from __future__ import annotations

import socket

import pytest

from wasmkit.errors import InputError
from wasmkit_hub.platform.server import Address, open_port, parse_address, url_of


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080), True),
        ("127.9.9.9:0", Address("127.9.9.9", 0), True),
        ("localhost:65535", Address("localhost", 65535), True),
        ("[::1]:80", Address("::1", 80), True),
        (":80", Address("0.0.0.0", 80), False),
        ("[::]:80", Address("::", 80), False),
        ("192.0.2.1:80", Address("192.0.2.1", 80), False),
        ("h.example:80", Address("h.example", 80), False),
    ],
)
def test_addresses(text: str, address: Address, *, loopback: bool) -> None:
    assert parse_address(text) == address
    assert address.is_loopback is loopback


@pytest.mark.parametrize(
    "text", ["", "80", "h:", "h:x", "h:-1", "h:65536", "h:٣", "h:1" + "0" * 99]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="not an address to listen at"):
        parse_address(text)


class Opened(socket.socket):
    """An open port, as far as its name goes."""

    def __init__(self, *name: object) -> None:
        super().__init__(socket.AF_UNIX)
        self._name = name

    def getsockname(self) -> tuple[object, ...]:
        return self._name


@pytest.mark.parametrize(
    ("name", "url"),
    [
        (("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        (("0.0.0.0", 8080), "http://localhost:8080"),
        (("::1", 80, 0, 0), "http://[::1]:80"),
        (("::", 80, 0, 0), "http://localhost:80"),
    ],
)
def test_what_a_browser_is_told(name: tuple[object, ...], url: str) -> None:
    with Opened(*name) as opened:
        assert url_of(opened) == url


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(InputError, match=r"cannot listen at .*:80: ") as caught:
        open_port(Address("a" * 70, 80))  # longer than a label of a name can be
    assert "--listen" in caught.value.hint
