"""Records the small recordings of ``templates/`` and ``filters/`` again.

``python tests/capture/gallery.py`` lets curl ask a small local site through mitmproxy, over http
and https, and keeps the recordings as mitmproxy writes them. Needs curl, openssl and mitmdump.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RECORDINGS", "main"]

ROOT = Path(__file__).resolve().parents[2]
SITE = "www.shop.example"
JSON = ("-H", "content-type: application/json")
ORDER = {"item": "teapot", "quantity": 2, "gift": False}
PAGE = (
    b"<!doctype html>\n<title>Shop</title>\n<link rel=stylesheet href=/style.css>\n<h1>Shop</h1>\n"
)

# Each request: method, URL and what else curl is told.
RECORDINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "templates/python-http/content/recordings/example.har": (
        ("GET", f"http://{SITE}/"),
        ("POST", f"http://{SITE}/orders", *JSON, "-d", json.dumps(ORDER)),
        ("GET", f"http://{SITE}/missing"),
    ),
    "filters/security-headers/recordings/pages.har": (
        ("GET", f"https://{SITE}/"),
        ("GET", f"https://{SITE}/style.css"),
        ("GET", f"https://{SITE}/admin"),
        ("GET", f"https://{SITE}/old"),
        ("GET", f"https://{SITE}/missing"),
        ("HEAD", f"https://{SITE}/"),
        ("GET", f"http://{SITE}/"),
    ),
    "filters/json-check/recordings/orders.har": (
        ("GET", f"http://{SITE}/"),
        ("POST", f"http://{SITE}/orders?case=good", *JSON, "-d", json.dumps(ORDER)),
        (
            "PUT",
            f"http://{SITE}/orders?case=chunked",
            *("-H", "content-type: application/merge-patch+json; charset=utf-8"),
            *(
                "-H",
                "transfer-encoding: chunked",
                "-d",
                json.dumps({**ORDER, "note": "für Zoë"}, ensure_ascii=False),
            ),
        ),
        ("POST", f"http://{SITE}/orders?case=cut", *JSON, "-d", json.dumps(ORDER)[:-1]),
        ("POST", f"http://{SITE}/orders?case=list", *JSON, "-d", json.dumps([ORDER])),
        ("POST", f"http://{SITE}/orders?case=missing", *JSON, "-d", '{"item": "teapot"}'),
        (
            "POST",
            f"http://{SITE}/orders?case=type",
            *JSON,
            *("-d", json.dumps({**ORDER, "quantity": "2"})),
        ),
        (
            "POST",
            f"http://{SITE}/orders?case=twice",
            *JSON,
            *("-d", '{"item": "teapot", "quantity": 2, "quantity": 2000}'),
        ),
        ("POST", f"http://{SITE}/orders?case=deep", *JSON, "-d", "[" * 20_000),
        ("POST", f"http://{SITE}/orders?case=empty", *JSON),
        ("POST", f"http://{SITE}/orders?case=form", "-d", "item=teapot&quantity=2"),
        (
            "POST",
            f"http://{SITE}/orders?case=large",
            *JSON,
            *("-d", json.dumps({**ORDER, "note": "x" * 21_000})),
        ),
        (
            "POST",
            f"http://{SITE}/orders?case=large-chunked",
            *(*JSON, "-H", "transfer-encoding: chunked"),
            *("-d", json.dumps({**ORDER, "note": "x" * 21_000})),
        ),
        ("POST", f"http://{SITE}/uploads", "-H", "content-type: text/plain", "-d", "no JSON"),
    ),
}
ADDON = """
import os

def server_connect(data):
    name = "SITE_TLS" if data.server.address[1] == 443 else "SITE_PLAIN"
    data.server.address = ("127.0.0.1", int(os.environ[name]))
"""


class Site(BaseHTTPRequestHandler):
    """A shop that takes any order, as an upstream without checks does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        match self.path:
            case "/":
                self.answer(200, "text/html; charset=utf-8", PAGE)
            case "/style.css":
                self.answer(200, "text/css", b"h1 { color: teal }\n")
            case "/admin":
                policy = "default-src 'none'"
                self.answer(200, "text/html", PAGE, ("Content-Security-Policy", policy))
            case "/old":
                self.answer(301, "text/html", b"", ("Location", "/"))
            case _:
                self.answer(404, "text/plain", b"not here\n")

    do_HEAD = do_GET  # noqa: N815  # the base's name

    def do_POST(self) -> None:
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("content-length", "0")))
        self.answer(201, "application/json", b'{"order": 7}\n', ("Location", "/orders/7"))

    do_PUT = do_POST  # noqa: N815  # the base's name

    def answer(self, status: int, kind: str, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("X-Powered-By", "Python"), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        pass


@contextmanager
def serving(certificate: Path | None) -> Iterator[int]:
    """Serve the site, with TLS if there is a certificate, and yield its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def recording(file: Path, folder: Path, plain: int, tls: int) -> Iterator[str]:
    """Run mitmproxy, which records into ``file``, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "addon.py").write_text(ADDON)
    command = ["mitmdump", "-q", "--listen-host", "127.0.0.1", "-p", str(port), "--ssl-insecure"]
    command += ["--set", f"confdir={folder}", "--set", f"hardump={file}"]
    process = subprocess.Popen(
        [*command, "-s", str(folder / "addon.py")],
        env={**os.environ, "SITE_PLAIN": str(plain), "SITE_TLS": str(tls)},
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def ask(proxy: str, requests: Sequence[tuple[str, ...]]) -> None:
    """Send the requests one after another."""
    for method, url, *options in requests:
        verb = ["--head"] if method == "HEAD" else ["-X", method]
        command = ["curl", "-sk", "--http1.1", "-o", os.devnull, "-x", proxy, *verb, *options, url]
        subprocess.run(command, check=True, timeout=30)


def main() -> int:
    """Make every recording of ``RECORDINGS``."""
    for program in ("curl", "openssl", "mitmdump"):
        if shutil.which(program) is None:
            sys.stderr.write(f"{program} is not installed\n")
            return 2
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        certificate = folder / "site.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", f"/CN={SITE}", "-keyout", "key.pem", "-out", "cert.pem"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        parts = [(folder / part).read_text() for part in ("key.pem", "cert.pem")]
        certificate.write_text("".join(parts))
        plain = stack.enter_context(serving(None))
        tls = stack.enter_context(serving(certificate))
        for file, requests in RECORDINGS.items():
            (ROOT / file).parent.mkdir(parents=True, exist_ok=True)
            with recording(ROOT / file, folder, plain, tls) as proxy:
                ask(proxy, requests)
    return 0


if __name__ == "__main__":
    sys.exit(main())
