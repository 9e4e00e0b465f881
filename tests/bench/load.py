"""Load on one address: wrk where it is installed, otherwise sockets of this process.

Both keep eight connections busy with one request each and wait for the answer before the next.
Sockets in Python are far slower than wrk, so figures made with one are not those of the other.
"""

from __future__ import annotations

import json
import selectors
import shutil
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.running import BODY
from wasmkit.errors import CheckFailedError

__all__ = ["Load", "load_generator", "run_load"]

_CONNECTIONS = 8
_SCRIPT = Path(__file__).parent / "wrk.lua"
_PIECE = 65536
_STALLED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Load:
    """What one client saw; latencies in microseconds. No answer was an error."""

    requests: int
    bytes: int
    """Of all answers, their heads included."""
    seconds: float
    p50: float
    p99: float


def load_generator() -> str:
    """Return what makes the load, for people."""
    if shutil.which("wrk") is None:
        return "sockets in Python, 8 connections (wrk is not installed: apt install wrk)"
    return "wrk -t1 -c8"


def run_load(address: tuple[str, int], seconds: float) -> Load:
    """Ask for ``/`` as fast as the answers come; raises ``CheckFailedError`` after an error."""
    if (wrk := shutil.which("wrk")) is None:
        return _sockets(address, seconds)
    return _wrk(wrk, address, seconds)


def _wrk(program: str, address: tuple[str, int], seconds: float) -> Load:
    host, port = address
    result = subprocess.run(
        [
            *(program, "-t1", f"-c{_CONNECTIONS}", f"-d{max(1, round(seconds))}s"),
            *("-s", str(_SCRIPT), f"http://{host}:{port}/"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    found = json.loads(result.stdout.strip().splitlines()[-1])
    if found.pop("errors"):
        raise CheckFailedError(f"requests failed under load: {result.stdout.strip()}")
    return Load(**found)


def _sockets(address: tuple[str, int], seconds: float) -> Load:
    request = f"GET / HTTP/1.1\r\nhost: {address[0]}\r\n\r\n".encode()
    latencies: list[float] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        clients = [_Client(address, request) for _ in range(_CONNECTIONS)]
        started = time.perf_counter()
        try:
            for client in clients:
                selector.register(client.connection, selectors.EVENT_READ, client)
                client.send()
            while (elapsed := time.perf_counter() - started) < seconds:
                events = selector.select(_STALLED_SECONDS)
                if not events:
                    raise CheckFailedError("no answers under load")
                for key, _ in events:
                    if key.data.receive():
                        latencies.append(key.data.latency)
                        size += len(key.data.answer)
                        key.data.send()
        finally:
            for client in clients:
                client.connection.close()
    percentiles = statistics.quantiles(latencies, n=100)
    return Load(
        requests=len(latencies),
        bytes=size,
        seconds=elapsed,
        p50=percentiles[49] * 1e6,
        p99=percentiles[98] * 1e6,
    )


class _Client:
    """A connection with at most one request on it."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.connection = socket.create_connection(address)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.latency = 0.0
        self._request = request
        self.answer = b""
        self._sent = 0.0

    def send(self) -> None:
        self.answer = b""
        self._sent = time.perf_counter()
        self.connection.sendall(self._request)

    def receive(self) -> bool:
        """Take what has come; return whether the answer is complete."""
        piece = self.connection.recv(_PIECE)
        self.answer += piece
        if not piece or not self.answer.startswith(b"HTTP/1.1 200 "[: len(self.answer)]):
            raise CheckFailedError(f"a request failed under load: {self.answer!r}")
        self.latency = time.perf_counter() - self._sent
        return self.answer.endswith(b"\r\n\r\n" + BODY.encode())
