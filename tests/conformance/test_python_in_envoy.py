"""What an author and an operator are promised of a Python filter, kept in stock Envoy.

``torture`` holds a filter that does what a request asks for. Each operation is asked of stock
Envoy and of this project's own engine; after each the VM must still serve.
"""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from toolneeds import need_module
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Engine, Log, Outcome
from wasmkit.engines.envoy import EnvoyEngine
from wasmkit.engines.wasm import WasmEngine
from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.bootstrap import Bootstrap
from wasmkit.envoy.ends import Upstream
from wasmkit.envoy.process import EnvoyProcess, private_folder
from wasmkit.project import load_project
from wasmkit.replay.normal import normalise
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.envoy.log import LogRecord

pytestmark = pytest.mark.envoy

RECURSION = r"RecursionError: (Stack overflow \(used \d+ kB\)|maximum recursion depth exceeded).*"
NO_FILE = r"FileNotFoundError: \[Errno 44\] "
NO_SOCKET = r"OSError: \[Errno 58\] Not supported"
ABC = {  # `printf abc | md5sum`, sha1sum, sha256sum, b2sum; openssl dgst -sha3-256
    "md5": "900150983cd24fb0d6963f7d28e17f72",
    "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha3_256": "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    "blake2b": (
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
    ),
}

ANSWERS = {
    "print": "None",
    "time": r"1[789]\d{8}\.\d+",
    "now": r"1[789]\d{8}\.\d+",
    "monotonic": "True",
    "sleep": "None",
    "random": r"\d\.\d+(e-\d+)? [0-9a-f-]{36} \d+ [0-9a-f]{16}",
    "urandom": "200000",
    "uuid5": "886313e1-3b8a-5372-9b90-0c9aee199e5d",  # Python's documentation of uuid
    "json": re.escape('{"a": [1, null, "\\u00e9", 1000.0]}'),
    "json-deep-enough": "1000",
    "re": "host at me",
    "re-long": "None",
    "base64": "aGVsbG8=",
    "hashlib": " ".join(ABC.values()),
    # RFC 4231, test case 2
    "hmac": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "datetime": re.escape("2026-01-02 02:04:05+00:00"),
    "quote": "%C3%A9/%C3%BC",
    "query": re.escape("{'a': ['1', '2'], 'b': [' ']}"),
    "host": "exämple",
    "codecs": re.escape(r"b'\xe9\x80\xe9\x00'"),
    "number": "2",  # 10 is 3 modulo 7, of order 6, and 5000 is 2 modulo 6
    "traceback": (
        r'Traceback \(most recent call last\):\n  File "src/torture/kindnesses\.py", line \d+, in'
        r" formatted\n    return str\(1 / 0\)\n[ ~^]+\nZeroDivisionError: division by zero\n"
    ),
    "gc": "True",
    "environ": "{}",
    "late import": "ModuleNotFoundError: fractions is not in this Wasm module: import it at module"
    " level, so that the build freezes it into the module",
    "open": NO_FILE + "No such file or directory: '/etc/passwd'",
    "write": NO_FILE + "No such file or directory: '/tmp/new'",
    "list": NO_FILE + r"No such file or directory: '\.'",
    "stat": NO_FILE + "No such file or directory: '/'",
    "tempfile": NO_FILE + "No usable temporary directory found in .*",
    "socket": NO_SOCKET,
    "udp": NO_SOCKET,
    "listen": NO_SOCKET,
    "resolve": r"gaierror: \[Errno -2\] Name does not resolve",
    "asyncio": NO_SOCKET,
    "input": "EOFError: EOF when reading a line",
    "thread": "RuntimeError: can't start new thread",
    "exit": "SystemExit: 3",
    "interrupt": "KeyboardInterrupt: ",
    "key": "KeyError: 'missing'",
    "memory": "MemoryError: ",
    "memory-later": "MemoryError: ",
    # A tower of these is flat, and freeing is not a recursion that an author could see.
    "tower-tee": r"\[1\]",
    "tower-causes": "DeepError: 19999",
    "free-lists": "None",
    "free-tuples": "None",
    "free-dicts": "None",
    "free-objects": "Node",
    "free-finalisers": "None",
    "free-iterators": "chain",
    "free-partials": "partial",
    # The parser and marshal count levels themselves.
    "deep-literal": "MemoryError: Parser stack overflowed - .*",
    "marshal": "7005",  # 1,400 lists of 5 bytes, an empty one of 5
    "marshal-too-deep": "ValueError: object too deeply nested to marshal",
    "full-stack-marshal": "True",
    "full-stack-unmarshal": "True",
    "full-stack-sqlite": "True",
    "full-stack-parser": "True",
    "full-stack-traceback": "True",
}
"""What each operation answers; all others end in ``RecursionError``."""

DIFFERENT = {"time", "now", "random"}
"""Operations whose answers differ from call to call."""

TORTURE = Path(__file__).parent / "torture"


def operations() -> list[str]:
    """Return the operations' names; they stand at the beginning of lines of the three tables."""
    found = []
    for file in sorted((TORTURE / "src" / "torture").glob("*.py")):
        found += re.findall(r'^    "([a-z0-9 -]+)": ', file.read_text(), re.MULTILINE)
    return [name for name in found if name not in ("nothing", "surrogate")]


@pytest.fixture(scope="module")
def module() -> bytes:
    need_module("envoy")
    return build(load_project(TORTURE))


@pytest.fixture(scope="module")
def envoy_engine(module: bytes) -> Iterator[Engine]:
    with EnvoyEngine(plugin_of(module, name="torture")) as engine:
        yield engine


@pytest.fixture(scope="module")
def wasm_engine(module: bytes) -> Iterator[Engine]:
    with WasmEngine(plugin_of(module, name="torture")) as engine:
        yield engine


def ask(engine: Engine, operation: str, *headers: tuple[str, str]) -> Outcome:
    request = a_request("GET", "http", "example.com", "/", (("x-do", operation), *headers))
    return play(engine, Exchange(request, a_response(200)))


def check_alive(engine: Engine) -> None:
    outcome = ask(engine, "nothing")
    assert (answer_of(outcome).status, answer_of(outcome).body, outcome.trap) == (
        200,
        b"nothing",
        "",
    )


@pytest.mark.parametrize("operation", operations())
def test_an_operation_answers_and_the_vm_lives(
    envoy_engine: Engine, wasm_engine: Engine, operation: str
) -> None:
    outcomes = [ask(envoy_engine, operation), ask(wasm_engine, operation)]
    for outcome in outcomes:
        assert (outcome.trap, outcome.upstream, answer_of(outcome).status) == ("", None, 200)
        answer = answer_of(outcome).body.decode()
        assert re.fullmatch(ANSWERS.get(operation, RECURSION), answer, re.DOTALL)
    if operation not in DIFFERENT:
        assert normalise(outcomes[0]) == normalise(outcomes[1])
    check_alive(envoy_engine)
    check_alive(wasm_engine)


def test_the_tables_are_complete() -> None:
    names = operations()
    assert set(ANSWERS) <= set(names)
    assert len(set(names)) == len(names) > 130


@pytest.mark.parametrize("engine", ["envoy_engine", "wasm_engine"])
def test_output_is_logged_line_by_line(engine: str, request: pytest.FixtureRequest) -> None:
    outcome = ask(request.getfixturevalue(engine), "print")
    assert outcome.logs == (
        Log(LogLevel.INFO, b"two"),
        Log(LogLevel.INFO, b"lines"),
        Log(LogLevel.ERROR, b"to stderr"),
        Log(LogLevel.WARN, b"a warning"),
    )


@pytest.mark.parametrize("engine", ["envoy_engine", "wasm_engine"])
@pytest.mark.parametrize(
    ("operation", "last_line"),
    [
        ("key", "KeyError: 'missing'"),
        ("exit", "SystemExit: 3"),
        ("interrupt", "KeyboardInterrupt"),
        ("late import", ANSWERS["late import"]),
        ("open", "FileNotFoundError: [Errno 44] No such file or directory: '/etc/passwd'"),
        ("deep", "RecursionError: maximum recursion depth exceeded"),
        ("deep-json", "RecursionError: Stack overflow (used 600 kB) while decoding a JSON array"),
        ("memory", "MemoryError"),
    ],
)
def test_an_error_ends_one_request(
    engine: str, operation: str, last_line: str, request: pytest.FixtureRequest
) -> None:
    running = request.getfixturevalue(engine)
    outcome = ask(running, operation, ("x-raise", "1"))
    assert (answer_of(outcome).status, outcome.upstream, outcome.trap) == (500, None, "")
    (line,) = outcome.logs
    assert line.level == LogLevel.ERROR
    message = line.message.decode()
    assert message.startswith("Torture.on_request_headers failed in context ")
    assert 'File "src/torture/filter.py", line ' in message
    assert "wasmkit/sdk" not in message
    assert message.splitlines()[-1].startswith(last_line)
    assert len(line.message) < 10_000
    check_alive(running)


def test_the_clock_is_the_machines(envoy_engine: Engine) -> None:
    for operation in ("time", "now"):
        before = time.time()
        answer = float(answer_of(ask(envoy_engine, operation)).body)
        assert before - 0.1 <= answer <= time.time() + 0.1


def test_sleep_does_not_stop_a_worker(envoy_engine: Engine) -> None:
    before = time.monotonic()
    ask(envoy_engine, "sleep")
    assert time.monotonic() - before < 3  # it asks for five seconds


def test_vms_draw_different_numbers(module: bytes, envoy_engine: Engine) -> None:
    with EnvoyEngine(plugin_of(module, name="torture")) as other:
        drawn = [
            value
            for engine in (envoy_engine, other)
            for _ in range(2)
            for value in answer_of(ask(engine, "random")).body.decode().split()
        ]
    # uuid.uuid1's node is drawn once in a VM; everything else each time.
    assert len(set(drawn)) == 4 * 3 + 2


# -- 100,000 requests -----------------------------------------------------------------------------

REQUESTS, SETTLED = 100_000, 20_000
CONNECTIONS = 8
MIXED = {
    "key": 3,  # raises
    "print": 3,
    "time": 3,
    "random": 3,
    "late import": 2,
    "deep": 1,
    "deep-json": 1,
    "open": 1,
    "json": 1,
    "hashlib": 1,
    "traceback": 1,
}
"""Operations and how often each comes in twenty requests."""


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(line) * 1024


class Client:
    """A connection that is kept; answers are read whole before the next request."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.connection = socket.create_connection(address, timeout=20)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, operation: str) -> None:
        more = "x-raise: 1\r\n" if operation == "key" else ""
        self.connection.sendall(
            f"GET / HTTP/1.1\r\nhost: a\r\nx-do: {operation}\r\n{more}\r\n".encode()
        )

    def receive(self) -> tuple[bytes, str]:
        """Return status and body."""
        data = self.connection.recv(65536)
        while True:
            head, found, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head) if found else None
            if found and len(body) == (int(length[1]) if length else 0):
                return head[9:12], body.decode()
            piece = self.connection.recv(65536)
            assert piece, "Envoy closed the connection"
            data += piece


def run_requests(clients: list[Client], count: int) -> int:
    """Ask for the mixture and check every answer; return how many requests raised."""
    patterns = {name: re.compile(ANSWERS.get(name, RECURSION), re.DOTALL) for name in MIXED}
    cycle = [name for name, times in MIXED.items() for _ in range(times)]
    raised = 0
    for begin in range(0, count, len(clients)):
        names = [cycle[(begin + place) % len(cycle)] for place in range(len(clients))]
        for client, name in zip(clients, names, strict=True):
            client.send(name)
        for client, name in zip(clients, names, strict=True):
            status, body = client.receive()
            if name == "key":
                raised += 1
                assert (status, body) == (b"500", "")
            else:
                assert status == b"200", (name, status, body)
                assert patterns[name].fullmatch(body), (name, body)
    return raised


def test_memory_is_flat_over_100_000_requests(module: bytes) -> None:
    failures = 0

    def count(record: LogRecord) -> None:
        nonlocal failures
        failures += b"Torture.on_request_headers failed" in record.message

    with private_folder() as folder, Upstream(lambda _: None) as upstream:
        (folder / "filter.wasm").write_bytes(module)
        bootstrap = Bootstrap(
            plugin=plugin_of(module, name="torture"),
            module=folder / "filter.wasm",
            listen=("127.0.0.1", 0),
            upstream=upstream.address,
            admin_socket=folder / "admin.sock",
        )
        with EnvoyProcess(find_envoy(), bootstrap, sink=count, wasm_log_level="error") as envoy:
            clients = [Client(envoy.listening()) for _ in range(CONNECTIONS)]
            raised = run_requests(clients, SETTLED)
            before = resident(envoy.main_thread)
            raised += run_requests(clients, REQUESTS - SETTLED)
            after = resident(envoy.main_thread)
            for client in clients:
                client.connection.close()
            envoy.drain_log()
            assert envoy.exit_status == ""
    assert raised == failures == REQUESTS * 3 // 20
    assert abs(after - before) < 5_000_000, f"{before:,} bytes became {after:,}"
