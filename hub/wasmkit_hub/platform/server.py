"""Serving a hub from this process until it is told to stop."""

from __future__ import annotations

import ipaddress
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from wasmkit.errors import InputError

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

__all__ = ["Address", "open_port", "parse_address", "serve", "url_of"]

_SHUTDOWN_SECONDS = 5
_HIGHEST_PORT = 65535
_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 lets the system choose."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """Read ``HOST:PORT``, ``[IPv6]:PORT`` or ``:PORT`` (all interfaces); raises InputError."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and int(port[:6]) <= _HIGHEST_PORT):
        raise InputError(
            f"{text!r} is not an address to listen at", hint="write HOST:PORT, as 127.0.0.1:8080"
        )
    return Address(host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port))  # noqa: S104  # asked for


def open_port(address: Address) -> socket.socket:
    """Open the port, so that clients can already queue; raises InputError if it cannot be."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as exc:  # UnicodeError: what cannot be a host's name
        raise _cannot_listen(address, exc) from exc
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(place)
        opened.listen(_BACKLOG)
    except OSError as exc:
        opened.close()
        raise _cannot_listen(address, exc) from exc
    return opened


def _cannot_listen(address: Address, cause: OSError | UnicodeError) -> InputError:
    reason = getattr(cause, "strerror", None) or cause
    return InputError(
        f"cannot listen at {address.host}:{address.port}: {reason}",
        hint="choose another address with --listen; port 0 takes a free one",
    )


def url_of(opened: socket.socket) -> str:
    """Return the URL under which a browser on this machine reaches an open port."""
    host, port = opened.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: FastAPI, opened: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then let requests under way finish for a few seconds."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        ws="none",
    )
    # uvicorn stops in good order and then raises the signal again, for whoever handled it before.
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        uvicorn.Server(config).run(sockets=[opened])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Take a signal that has been obeyed already."""
