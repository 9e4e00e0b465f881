"""What a filter's author is promised of Python, in a built module on the wasm engine."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.wasm import WasmEngine
from wasmkit.project import load_project
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.engines.engine import Outcome

PROJECT = """
    [filter]
    name = "promises"
    version = "0.1.0"
    description = "Does what it is asked to."
    license = "Apache-2.0"
    authors = ["You <you@example.com>"]
    language = "python"
    entry = "filter:Promises"
"""

SOURCE = """
    import base64, datetime, hashlib, hmac, json, logging, random, re, sys, time, traceback
    import urllib.parse, uuid

    from wasmkit.sdk import Action, Body, Headers, HttpFilter

    def deep(level: int) -> int:
        return deep(level + 1)

    def draw():
        return f"{random.random()} {uuid.uuid1().node} {uuid.uuid4()}"

    def known():
        return " ".join([
            json.dumps({"a": [1, None]}), re.sub("l+", "L", "hello"),
            base64.b64encode(b"hello").decode(), hashlib.sha256(b"hello").hexdigest()[:8],
            hmac.new(b"k", b"hello", "sha256").hexdigest()[:8],
            datetime.datetime.strptime("2026-01-02", "%Y-%m-%d").date().isoformat(),
            urllib.parse.urlsplit("http://user@ex\\u00e4mple:81/p?q=1").hostname,
        ])

    def show():
        try:
            int("x")
        except ValueError:
            print(traceback.format_exc(), end="")

    DOES = {
        "nothing": lambda: None,
        "print": lambda: print("out", "put"),
        "stderr": lambda: print("bad", file=sys.stderr),
        "debug": lambda: logging.getLogger("name").debug("value %d", 5),
        "time": lambda: print(time.time()),
        "draw": lambda: print(draw()),
        "known": lambda: print(known()),
        "traceback": show,
        "raise": lambda: {}["missing"],
        "exit": lambda: sys.exit(3),
        "late import": lambda: __import__("fractions"),
        "file": lambda: open("/etc/passwd"),
        "recursion": lambda: deep(0),
    }

    class Promises(HttpFilter[None]):
        changes_request_body = True

        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action | None:
            DOES[headers["x-do"]]()
            if headers["x-do"] == "nothing" and end_of_stream:
                return self.send_response(418, {"x-by": "filter"}, "tea")
            return None

        def on_request_body_complete(self, body: Body) -> None:
            if body:
                body.replace(body.read()[::-1] + b"!")
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder: Path = tmp_path_factory.mktemp("promises")
    (folder / "src").mkdir()
    (folder / "wasmkit.toml").write_text(textwrap.dedent(PROJECT))
    (folder / "src" / "filter.py").write_text(textwrap.dedent(SOURCE))
    return build(load_project(folder))


def ask(engine: WasmEngine, what: str, body: bytes = b"") -> Outcome:
    headers = (("x-do", what), *((("content-length", str(len(body))),) if body else ()))
    request = a_request("POST", "http", "example.com", "/", headers, body)
    return play(engine, Exchange(request, a_response(200)))


@pytest.fixture(scope="module")
def outcomes(module: bytes) -> dict[str, Outcome]:
    """Everything in one VM, so that each case also shows that the one before did no harm."""
    names = re.findall(r'^ +"([a-z ]+)": ', SOURCE, re.MULTILINE)
    with WasmEngine(plugin_of(module)) as engine:
        return {name: ask(engine, name, b"hello") for name in names}


@pytest.mark.parametrize(
    ("what", "level", "pattern"),
    [
        pytest.param("print", LogLevel.INFO, "out put", id="print"),
        pytest.param("stderr", LogLevel.ERROR, "bad", id="stderr"),
        pytest.param("debug", LogLevel.DEBUG, "value 5", id="logging"),
        pytest.param("time", LogLevel.INFO, r"1[78]\d{8}\.\d+", id="time"),
        pytest.param(
            "known",
            LogLevel.INFO,
            # From `printf hello | sha256sum`, `| openssl sha256 -hmac k`, `| base64`.
            re.escape('{"a": [1, null]} heLo aGVsbG8= 2cf24dba 406e4b43 2026-01-02 exämple'),
            id="library",
        ),
    ],
)
def test_it_works(outcomes: dict[str, Outcome], what: str, level: LogLevel, pattern: str) -> None:
    (line,) = outcomes[what].logs
    assert line.level == level
    assert re.fullmatch(pattern, line.message.decode())
    upstream = outcomes[what].upstream
    assert upstream is not None
    assert upstream.body == b"olleh!"


def test_a_traceback_is_printed_with_the_authors_lines(outcomes: dict[str, Outcome]) -> None:
    text = "\n".join(line.message.decode() for line in outcomes["traceback"].logs)
    assert 'filter.py", line ' in text
    assert '    int("x")\n' in text


@pytest.mark.parametrize(
    ("what", "end"),
    [
        ("raise", "KeyError: 'missing'"),
        ("exit", "SystemExit: 3"),
        ("late import", "so that the build freezes it into the module"),
        ("file", "No such file or directory: '/etc/passwd'"),
        ("recursion", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_it_fails_as_one_request(outcomes: dict[str, Outcome], what: str, end: str) -> None:
    outcome = outcomes[what]
    (line,) = outcome.logs
    assert (outcome.upstream, answer_of(outcome).status, outcome.trap) == (None, 500, "")
    assert line.level == LogLevel.ERROR
    message = line.message.decode()
    assert message.startswith("Promises.on_request_headers failed in context ")
    assert 'filter.py", line ' in message
    assert "wasmkit/sdk" not in message
    assert message.endswith(end)


def test_a_reply_without_body(module: bytes) -> None:
    with WasmEngine(plugin_of(module)) as engine:
        outcome = ask(engine, "nothing")
    assert outcome.upstream is None
    assert (answer_of(outcome).status, answer_of(outcome).body) == (418, b"tea")
    assert (b"x-by", b"filter") in answer_of(outcome).headers


def test_two_vms_draw_different_numbers(module: bytes) -> None:
    drawn = []
    for _ in range(2):
        with WasmEngine(plugin_of(module)) as engine:
            (line,) = ask(engine, "draw").logs
            drawn += line.message.split()
    assert len(set(drawn)) == 6
