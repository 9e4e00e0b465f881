"""Records the shop of ``shop.py`` again: ``cd tests; python -m capture.capture WHAT FILE``.

``mitmproxy``: headless Chromium browses through mitmproxy, which writes the recording.
``chromium``: headless Chromium browses alone, and its own DevTools, open in a second tab, write
the recording with the code of their "Export HAR".
The recordings in ``tests/recordings`` were made so and are kept as they came.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capture.shop import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Browser", "main"]

HOST = "shop.example"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
RESOLVE = """
import os, socket

def to_shop(*args, real=socket.getaddrinfo, **kwargs):
    return real("127.0.0.1", int(os.environ["SHOP_PORT"]), *args[2:], **kwargs)

socket.getaddrinfo = to_shop  # asyncio resolves by it
"""
EXPORT = """(async () => {
  const load = (path) => import('/devtools/' + path);
  const logs = await load('models/logs/logs.js');
  const har = await load('models/har/har.js');
  const requests = logs.NetworkLog.NetworkLog.instance().requests();
  const silent = { canceled: false, isCanceled: () => false };
  const progress = new Proxy(silent, { get: (own, key) => own[key] ?? (() => progress) });
  return await har.Writer.Writer.harStringForRequests(requests, { sanitize: false }, progress);
})()"""


class Browser:
    """A headless Chromium, driven by the DevTools protocol over its pipe."""

    def __init__(self, program: str, arguments: list[str], profile: Path) -> None:
        theirs, self._out = os.pipe()
        self._in, answers = os.pipe()
        os.set_inheritable(theirs, True)
        command = [program, *FLAGS, f"--user-data-dir={profile}", *arguments]
        # Chromium reads the protocol from descriptor 3 and writes it to 4.
        shell = f'exec 3<&{theirs} 4>&{answers}; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *command],
            pass_fds=(theirs, answers),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs)
        os.close(answers)
        self._buffer = b""
        self._number = 0

    def call(self, method: str, session: str = "", **parameters: object) -> dict[str, Any]:
        """Return the result of a protocol method; events that come before it are left out."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._in, 1 << 20)
            if not part:
                raise RuntimeError("Chromium has ended")
            self._buffer += part
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self, url: str) -> tuple[str, str]:
        """Open a tab and return the ids of its target and of the session attached to it."""
        target = self.call("Target.createTarget", url=url)["targetId"]
        return target, self.attach(target)

    def attach(self, target: str) -> str:
        """Attach to a tab and return the session's id."""
        session: str = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        return session

    def evaluate(self, session: str, expression: str) -> object:
        """Return the value of a JavaScript expression (a promise is awaited)."""
        parameters = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self.call("Runtime.evaluate", session, **parameters)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait_for(self, session: str, expression: str, seconds: float = 30) -> None:
        """Wait until the expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(session, expression):
            if time.monotonic() > end:
                raise RuntimeError(f"still false after {seconds} s: {expression}")
            time.sleep(0.1)

    def close(self) -> None:
        """End the browser and all its processes."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _browser(program: str, *arguments: str) -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, list(arguments), Path(profile))
        try:
            yield browser
        finally:
            browser.close()


def _browse(browser: Browser, session: str) -> None:
    browser.call("Page.navigate", session, url=f"http://{HOST}/")
    browser.wait_for(session, "document.title == 'done'")


def _proxy_rules(port: int) -> str:
    """Send the shop's requests to the proxy and the browser's own, to its maker, nowhere."""
    proxies = f"host == '{HOST}' ? 'PROXY 127.0.0.1:{port}' : 'PROXY 127.0.0.1:1'"
    script = f"function FindProxyForURL(url, host) {{ return {proxies} }}"
    return "data:application/x-ns-proxy-autoconfig;base64," + b64encode(script.encode()).decode()


def record_mitmproxy(file: Path, shop_port: int, chromium: str, mitmdump: str) -> None:
    """Record the browser's requests with mitmproxy between it and the shop."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "resolve.py"
        script.write_text(RESOLVE)
        options = [
            "--set",
            f"hardump={file}",
            "-q",
            "--set",
            "save_stream_filter=~d ^shop",
            "--set",
            f"confdir={folder}",
            "-q",
            "-s",
            str(script),
        ]
        listen = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
        environment = os.environ | {"SHOP_PORT": str(shop_port)}
        with subprocess.Popen([mitmdump, *listen, *options], env=environment) as proxy:
            try:
                _wait_for_port(port)
                with _browser(chromium, f"--proxy-pac-url={_proxy_rules(port)}") as browser:
                    _, session = browser.open("about:blank")
                    _browse(browser, session)
            finally:
                proxy.send_signal(signal.SIGINT)


def _wait_for_port(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def record_chromium(file: Path, shop_port: int, chromium: str) -> None:
    """Record with the DevTools of the browser itself."""
    port = _free_port()
    arguments = [
        f"--remote-debugging-port={port}",
        "--remote-allow-origins=*",
        f"--host-resolver-rules=MAP {HOST}:80 127.0.0.1:{shop_port}",
    ]
    with _browser(chromium, *arguments) as browser:
        target, session = browser.open("about:blank")
        tools = f"http://127.0.0.1:{port}/devtools/inspector.html"
        _, devtools = browser.open(f"{tools}?ws=127.0.0.1:{port}/devtools/page/{target}")
        time.sleep(5)
        _browse(browser, session)
        time.sleep(1)
        file.write_text(str(browser.evaluate(devtools, EXPORT)))


def main() -> None:
    """Record as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["mitmproxy", "chromium"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--mitmdump", default="mitmdump")
    chosen = parser.parse_args()
    shop = serve()
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    file = chosen.file.resolve()
    if chosen.what == "mitmproxy":
        record_mitmproxy(file, shop.server_port, chosen.chromium, chosen.mitmdump)
    else:
        record_chromium(file, shop.server_port, chosen.chromium)
    shop.shutdown()
    sys.stdout.write(f"{file}: {len(json.loads(file.read_text())['log']['entries'])} exchanges\n")


if __name__ == "__main__":
    main()
