"""What any Python program may do, and what a filter cannot but may try."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import gc
import hashlib
import hmac
import json
import logging
import os
import pathlib
import random
import re
import socket
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def known_time() -> dt.datetime:
    read = dt.datetime.strptime("2026-01-02T03:04:05+0100", "%Y-%m-%dT%H:%M:%S%z")
    return read.astimezone(dt.UTC)


def late_import() -> object:
    import fractions  # noqa: PLC0415  # the point

    return fractions


def formatted() -> str:
    try:
        return str(1 / 0)
    except ZeroDivisionError:
        return traceback.format_exc()


def printed() -> None:
    print("two\nlines")
    print("to stderr", file=sys.stderr)
    logging.getLogger("torture").warning("a %s", "warning")


def cycles() -> str:
    gc.collect()
    for _ in range(1000):
        ring: list[object] = []
        ring.append(ring)
    return f"{gc.collect() >= 900}"


def random_things() -> str:
    return f"{random.random()} {uuid.uuid4()} {uuid.uuid1().node} {os.urandom(8).hex()}"


def digests() -> str:
    names = ("md5", "sha1", "sha256", "sha3_256", "blake2b")
    return " ".join(hashlib.new(name, b"abc").hexdigest() for name in names)


KIND: dict[str, Callable[[], object]] = {
    "nothing": lambda: "nothing",
    "print": printed,
    "time": time.time,
    "now": lambda: dt.datetime.now(dt.UTC).timestamp(),
    "monotonic": lambda: time.perf_counter() <= time.perf_counter(),
    "sleep": lambda: time.sleep(5),
    "random": random_things,
    "urandom": lambda: len(os.urandom(200_000)),
    "uuid5": lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"),
    "json": lambda: json.dumps(json.loads('{"a": [1, null, "\\u00e9", 1e3]}')),
    "json-deep-enough": lambda: len(json.dumps(json.loads("[" * 500 + "]" * 500))),
    "re": lambda: re.sub(r"(?P<who>\w+)@(\w+)", r"\2 at \g<who>", "me@host"),
    "re-long": lambda: re.match(r"(a|b)*c", "ab" * 100_000),
    "base64": lambda: base64.b64encode(b"hello").decode(),
    "hashlib": digests,
    "hmac": lambda: hmac.new(b"Jefe", b"what do ya want for nothing?", "sha256").hexdigest(),
    "datetime": known_time,
    "quote": lambda: urllib.parse.quote("é/ü"),
    "query": lambda: urllib.parse.parse_qs("a=1&b=%20&a=2"),
    "host": lambda: urllib.parse.urlsplit("http://user@exämple:81/p?q=1").hostname,
    "codecs": lambda: "é".encode("latin-1") + "€".encode("cp1252") + "é".encode("utf-16-le"),
    "number": lambda: 10**5000 % 7,
    "traceback": formatted,
    "gc": cycles,
    "environ": lambda: dict(os.environ),
    "late import": late_import,
    "open": lambda: open("/etc/passwd"),  # noqa: PTH123, SIM115  # the point
    "write": lambda: pathlib.Path("/tmp/new").write_text("x"),
    "list": lambda: os.listdir("."),  # noqa: PTH208  # the point
    "stat": lambda: pathlib.Path("/").stat(),
    "tempfile": tempfile.mkdtemp,
    "socket": lambda: socket.socket().connect(("127.0.0.1", 80)),
    "udp": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53)),
    "listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "resolve": lambda: socket.getaddrinfo("localhost", 80),
    "input": input,
    "thread": lambda: threading.Thread(target=print).start(),
    "asyncio": lambda: asyncio.run(asyncio.sleep(0)),
    "exit": lambda: sys.exit(3),
    "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt),
    "key": lambda: dict[str, int]()["missing"],
    "surrogate": lambda: "\udcff",
    "memory": lambda: bytearray(1 << 30),
    "memory-later": lambda: "x" * (1 << 30),
}
