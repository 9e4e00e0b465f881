"""``wasmkit run`` as a user meets it: a process on a terminal, stock Envoy behind it."""

from __future__ import annotations

import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from toolneeds import need_module
from wasmkit.envoy.ends import Upstream, request_once
from wasmkit.http.message import Message
from wat_guest import guest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.envoy

PROGRAM = "from wasmkit.cli.main import entry_point; entry_point()"


@pytest.fixture(autouse=True)
def _envoy() -> None:
    need_module("envoy")


class Running:
    """A ``wasmkit run`` whose output is read line by line."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "run", "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def wait_for(self, pattern: str, seconds: float = 20.0) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                pytest.fail(f"no {pattern!r} in:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if match := re.search(pattern, line):
                return match

    def address(self, seconds: float = 20.0) -> tuple[str, int]:
        line = self.wait_for(r"curl -i http://127\.0\.0\.1:(\d+)/", seconds)
        return "127.0.0.1", int(line[1])

    def end(self, sign: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(sign)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()


@contextmanager
def running(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[Running]:
    run = Running(*arguments, environment=environment)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end()
        run._reader.join()
        assert run.process.stdout is not None
        run.process.stdout.close()


def ask(
    address: tuple[str, int], method: bytes = b"GET", body: bytes = b"", seconds: float = 10
) -> Message:
    length = (b"content-length", b"%d" % len(body))
    request = Message.request(
        method, b"/a?b", authority=b"shop.example", headers=(length,), body=body
    )
    return request_once(address, request, seconds=seconds).message


def header_filter(value: str) -> bytes:
    return guest(
        configure=f'(call $say $"this is {value}") (call $echo (i32.const 7)) (i32.const 1)',
        request_headers='(call $at (i32.const 3) $"two\\nlines \\1b[31m\\ff") (i32.const 0)',
        response_headers=f'(call $add (i32.const 2) $"x-value" $"{value}") (i32.const 0)',
    )


def test_serves_logs_reloads_and_ends(tmp_path: Path) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(header_filter("one"))
    folder = {"TMPDIR": str(tmp_path)}
    with running(str(module), "--config", '{"a": 1}', environment=folder) as run:
        run.wait_for("serving  hello in Envoy 1.*, in front of an upstream that answers")
        address = run.address()
        assert '{"a": 1}' in "\n".join(run.seen)

        answer = ask(address, b"POST", b"\x00\xff")
        assert answer.get(b"x-value") == b"one"
        seen = json.loads(answer.body)
        assert (seen["method"], seen["path"]) == ("POST", "/a?b")
        assert "host: shop.example" in seen["headers"]
        assert seen["body_base64"] == "AP8="
        run.wait_for(r"^warn    two$")
        run.wait_for(r"^        lines \\x1b\[31m\\udcff$")

        module.write_bytes(guest(configure='(call $say $"too old") (i32.const 0)'))
        run.wait_for("error: Envoy refuses the filter: Failed to configure")
        run.wait_for("too old")
        run.wait_for("the filter from before serves on")
        assert ask(address).get(b"x-value") == b"one"

        module.write_bytes(header_filter("two"))
        run.wait_for("this is two")
        run.wait_for("reloaded  in")
        assert ask(address).get(b"x-value") == b"two"

        module.write_bytes(guest(response_headers="(unreachable)"))
        run.wait_for("reloaded  in")
        assert ask(address).status == 503
        run.wait_for("its VM is dead until the next reload: proxy_on_response_headers failed")

        module.write_bytes(header_filter("three"))
        run.wait_for("reloaded  in")
        assert ask(address).get(b"x-value") == b"three"
        assert run.end() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hello.wasm"]


def test_a_connection_survives_a_reload(tmp_path: Path) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(header_filter("one"))
    with running(str(module)) as run:
        client = http.client.HTTPConnection(*run.address(), timeout=10)
        for value in ("one", "two"):
            client.request("GET", "/")
            with client.getresponse() as response:
                response.read()
            assert response.headers["x-value"] == value
            if value == "one":
                module.write_bytes(header_filter("two"))
                run.wait_for("reloaded  in")
                socket_before = client.sock
        assert client.sock is socket_before
        client.close()


def test_a_filter_that_hangs_or_kills_envoy_is_survived(tmp_path: Path) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(header_filter("one"))
    with running(str(module)) as run:
        address = run.address()
        # An exported function with v128 in its type ends the process in V8.
        module.write_bytes(guest('(func (export "bad") (param v128))'))
        run.wait_for("error: Envoy died of the filter, and was started again")
        assert ask(address).get(b"x-value") == b"one"

        module.write_bytes(guest(request_headers="(loop $l (br $l)) (i32.const 0)"))
        run.wait_for("reloaded  in")
        assert ask(address, seconds=1).status == 0
        module.write_bytes(header_filter("two"))
        run.wait_for("reloaded  in", 60)
        assert ask(address).get(b"x-value") == b"two"


def test_a_projects_source_is_built_again_when_it_changes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", PROGRAM, "new", "hello", "--no-input"],
        check=True,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    project = tmp_path / "hello"
    source = project / "src" / "filter.py"
    written = source.read_text()
    assert 'value: str = "world"' in written
    with running(str(project)) as run:
        address = run.address(300)  # the first build of all makes the interpreter image
        assert ask(address).get(b"x-hello") == b"world"

        source.write_text(written + "\n\nraise RuntimeError('not yet')\n")
        run.wait_for("RuntimeError: not yet")
        run.wait_for("the filter from before serves on")
        assert ask(address).get(b"x-hello") == b"world"

        source.write_text(written.replace("headers[self", "print(1 / 1); headers[self"))
        run.wait_for("reloaded  in", 60)
        assert ask(address).get(b"x-hello") == b"world"
        run.wait_for(r"^info    1\.0$")

        config = project / "wasmkit.toml"
        config.write_text(config.read_text().replace("[filter]", "[filter"))
        run.wait_for(r"error: .*wasmkit\.toml:1")
        assert ask(address).get(b"x-hello") == b"world"
        assert run.end() == 0


def test_forwards_to_the_upstream_that_is_named(tmp_path: Path) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(header_filter("one"))

    def answer(request: Message) -> Message:
        assert request.authority == b"shop.example"
        return Message.response(404, ((b"content-length", b"0"), (b"x-real", b"yes")))

    with Upstream(answer) as upstream:
        url = f"http://{upstream.address[0]}:{upstream.address[1]}"
        with running(str(module), "--upstream", url) as run:
            response = ask(run.address())
    assert (response.status, response.get(b"x-real")) == (404, b"yes")
    assert response.get(b"x-value") == b"one"


def test_ends_when_it_is_terminated(tmp_path: Path) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(header_filter("one"))
    with running(str(module), environment={"TMPDIR": str(tmp_path)}) as run:
        run.address()
        assert run.end(signal.SIGTERM) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hello.wasm"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["absent.wasm"], 2, "absent.wasm: not found"),
        (["{module}", "--listen", "here"], 2, "write it as HOST:PORT"),
        (["{module}", "--upstream", "https://a"], 2, "write it as http://HOST:PORT"),
        (["{module}", "--upstream", "http://a:b"], 2, "--upstream http://a:b"),
        (["{module}", "--config", "@absent.json"], 2, "absent.json: not found"),
        (["{module}", "--envoy", "absent"], 2, "--envoy: there is no file absent"),
        (["{module}", "--envoy", "/bin/true"], 2, "does not answer to --version as Envoy"),
        (["{refused}"], 5, "Envoy refuses the filter"),
        (["{module}", "--listen", "192.0.2.1:1"], 2, "Envoy 1.* did not start: .*192.0.2.1:1"),
    ],
    ids=["absent", "listen", "https", "port", "config", "envoy", "true", "refused", "bind"],
)
def test_what_cannot_be_run_is_said_at_once(
    tmp_path: Path, arguments: list[str], code: int, text: str
) -> None:
    module, refused = tmp_path / "hello.wasm", tmp_path / "refused.wasm"
    module.write_bytes(header_filter("one"))
    refused.write_bytes(guest('(import "env" "nope" (func))'))
    given = [argument.format(module=module, refused=refused) for argument in arguments]
    with running(*given) as run:
        run.wait_for(text)
        assert run.process.wait(30) == code
        run._reader.join()
    assert "Traceback" not in "\n".join(run.seen)


def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(header_filter("one"))
    with running(str(module)) as first:
        host, port = first.address()
        with running(str(module), "--listen", f"{host}:{port}") as second:
            second.wait_for(f"did not start: .*{host}:{port}.*in use")
            assert second.process.wait(30) == 2
