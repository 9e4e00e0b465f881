"""Shows the whole way: new, test, test in Envoy, hub, push; every step as a command to type.

Works in ``.demo`` of the checkout, which it makes anew each time. With ``--once`` it also checks
each result from outside, stops the hub and exits 0; otherwise the hub serves until Ctrl-C.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".demo"
WASMKIT = Path(sys.executable).parent / "wasmkit"
GALLERY = ("security-headers", "json-check")


class DemoError(Exception):
    """A step did not do what it shows."""


def bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def say(text: str) -> None:
    print(f"\n{bold(text)}", flush=True)


def shown(arguments: tuple[str, ...]) -> str:
    return shlex.join(("wasmkit", *arguments))


def wasmkit(*arguments: str) -> None:
    """Run a command as a user would see it."""
    print(f"$ {shown(arguments)}", flush=True)
    code = subprocess.run([WASMKIT, *arguments], cwd=FOLDER, check=False).returncode
    if code:
        raise DemoError(f"{shown(arguments)} ended with exit code {code}")


def report(*arguments: str) -> dict[str, object]:
    """Run a command with ``--json`` and return its report; for checking, so it is not shown."""
    result = subprocess.run(
        [WASMKIT, *arguments, "--json"], cwd=FOLDER, check=True, capture_output=True
    )
    loaded: dict[str, object] = json.loads(result.stdout)
    return loaded


def free_port() -> int:
    """Return 8080, or another port if that is taken."""
    for port in (8080, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            number = probe.getsockname()[1]
            assert isinstance(number, int)
            return number
    raise DemoError("no port is free on 127.0.0.1")


def start_hub(port: int) -> subprocess.Popen[bytes]:
    arguments = ("hub", "serve", "--listen", f"127.0.0.1:{port}", "--data", "hub")
    print(f"$ {shown(arguments)} &", flush=True)
    hub = subprocess.Popen([WASMKIT, *arguments], cwd=FOLDER)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if hub.poll() is not None:
            raise DemoError(f"the hub ended with exit code {hub.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1):
                return hub
        except OSError:
            time.sleep(0.1)
    hub.kill()
    raise DemoError("the hub did not answer within 30 seconds")


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def has_envoy() -> bool:
    return (
        subprocess.run(
            [sys.executable, "-c", "from wasmkit.envoy.binary import find_envoy; find_envoy()"],
            check=False,
            capture_output=True,
        ).returncode
        == 0
    )


def check(port: int) -> None:
    """Look at what the steps left, as somebody else would."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/filters/demo/hello", timeout=10)
    text = page.read().decode()
    module = (FOLDER / "hello" / "build" / "hello.wasm").read_bytes()
    digest = hashlib.sha256(module).hexdigest()
    if digest not in text:
        raise DemoError("the hub's page does not name the digest of the module that was built")
    wasmkit("pull", f"127.0.0.1:{port}/demo/hello:0.1.0", "-o", "pulled.wasm")
    if (FOLDER / "pulled.wasm").read_bytes() != module:
        raise DemoError("what was pulled is not what was built")
    summary = report("test", "hello")["summary"]
    if not isinstance(summary, dict) or summary["failed"] or not summary["passed"]:
        raise DemoError(f"the test's report says {summary}")
    print("every step checked")


def steps(port: int) -> subprocess.Popen[bytes]:
    say("1  A new filter, in Python")
    wasmkit("new", "hello", "--no-input")
    print((FOLDER / "hello" / "src" / "filter.py").read_text())
    say("2  Played on two recordings; the first build makes the interpreter")
    wasmkit("test", "hello")
    wasmkit("test", "hello", "--recording", "../tests/recordings/shop.har")
    if has_envoy():
        say("3  The same in stock Envoy")
        wasmkit("test", "hello", "--engine", "envoy")
    else:
        say("3  Left out: there is no stock Envoy for this machine on PyPI")
    say("4  A hub of your own")
    hub = start_hub(port)
    try:
        say("5  Published: the new filter, and two from the gallery")
        wasmkit("build", "hello")
        wasmkit("push", "hello", f"127.0.0.1:{port}/demo/hello:0.1.0")
        for name in GALLERY:
            project = os.path.relpath(ROOT / "filters" / name, FOLDER)
            wasmkit("push", project, f"127.0.0.1:{port}/gallery/{name}:0.1.0")
    except BaseException:
        stop(hub)
        raise
    return hub


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="check each result and end")
    once = parser.parse_args().once
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    port = free_port()
    try:
        hub = steps(port)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    try:
        if once:
            check(port)
            return 0
        say(f"The hub is at http://127.0.0.1:{port}/ until Ctrl-C")
        hub.wait()
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    finally:
        stop(hub)
    return 0


if __name__ == "__main__":
    sys.exit(main())
