"""A small shop to record: every kind of HTTP answer that a recording must hold.

The page at ``/`` makes the requests itself, one after the other, so that a browser which opens
it records all of them in one order. Nothing here is random, and the dates are fixed.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

__all__ = ["Answer", "Shop", "answer", "serve"]

DATE = "Tue, 03 Nov 2026 09:00:00 GMT"
ETAG = '"style-7"'
PRODUCTS = [
    {"sku": f"TEA-{number:03}", "name": name, "price": price}
    for number, (name, price) in enumerate(
        [("Assam", 4.5), ("Darjeeling", 6.2), ("Sencha", 5.0), ("Gyokuro · first flush", 14.9)], 1
    )
]
STYLE = b"body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 40rem }\n"

HOME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Tea shop</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<img src="/logo.png" alt="" width="8" height="8">
<h1>Tea shop · fresh from Uji</h1>
<ul id="products"></ul>
<script>
const json = { 'content-type': 'application/json' };
const send = (path, options) => fetch(path, { cache: 'no-store', ...options });
window.addEventListener('load', async () => {
  await send('/api/products?sort=price&limit=10');
  await send('/api/cart', { method: 'POST', headers: json,
    body: JSON.stringify({ sku: 'TEA-003', quantity: 2, note: 'für Zoë' }) });
  await send('/api/cart', { method: 'POST', headers: json, body: '{"sku": "TEA-003", "quanti' });
  await send('/api/cart', { method: 'POST', headers: json,
    body: JSON.stringify({ sku: 'TEA-001', quantity: 'two' }) });
  await send('/newsletter', { method: 'POST',
    body: new URLSearchParams({ mail: 'zoe@example.com', topic: 'new & rare' }) });
  await send('/api/photo', { method: 'PUT', headers: { 'content-type': 'image/png' },
    body: await (await send('/logo.png')).blob() });
  await send('/style.css', { headers: { 'if-none-match': '"style-7"' } });
  await send('/logo.png', { method: 'HEAD' });
  await send('/sale');
  await send('/api/cart/1', { method: 'DELETE' });
  await send('/latin');
  await send('/no-such-page');
  document.title = 'done';
});
</script>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; ``content-length`` or chunks are added when it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False


def _png() -> bytes:
    """Return an 8 by 8 picture in one green."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x2e\x7d\x32" * 8 for _ in range(8)), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def _html(status: int, text: str, *headers: tuple[str, str], chunked: bool = False) -> Answer:
    kind = ("Content-Type", "text/html; charset=utf-8")
    return Answer(status, (kind, *headers), text.encode(), chunked=chunked)


def _json(status: int, value: object) -> Answer:
    kind = ("Content-Type", "application/json")
    return Answer(status, (kind,), json.dumps(value).encode())


def _products() -> Answer:
    headers = (
        ("Content-Type", "application/json"),
        ("Content-Encoding", "gzip"),
        ("Vary", "Accept-Encoding"),
        ("Vary", "Cookie"),
        ("X-Total-Count", str(len(PRODUCTS))),
    )
    text = json.dumps(PRODUCTS, ensure_ascii=False)
    return Answer(200, headers, gzip.compress(text.encode(), mtime=0))


def _style(if_none_match: str | None) -> Answer:
    caching = (("ETag", ETAG), ("Cache-Control", "public, max-age=3600"))
    if if_none_match == ETAG:
        return Answer(304, caching)
    return Answer(200, (("Content-Type", "text/css"), *caching), STYLE)


def _cart(body: bytes) -> Answer:
    """Take an order as carelessly as real servers do: what is not JSON ends in a 500."""
    try:
        order = json.loads(body)
    except ValueError as error:
        text = f"Traceback (most recent call last):\n  ...\nJSONDecodeError: {error}\n"
        return Answer(500, (("Content-Type", "text/plain"),), text.encode())
    return _json(201, {"id": 1, "items": [order]})


def _pages(if_none_match: str | None) -> dict[str, Answer]:
    cookies = (
        ("Set-Cookie", "session=5f2a; Path=/; HttpOnly; SameSite=Lax"),
        ("Set-Cookie", "theme=light; Path=/; Max-Age=31536000"),
    )
    latin = ("Content-Type", "text/plain; charset=iso-8859-1")
    offers = "<!doctype html>\n<h1>Offers</h1>\n<p>None today.\n"
    return {
        "/style.css": _style(if_none_match),
        "/": _html(200, HOME, *cookies, ("X-Powered-By", "Shop/1.0")),
        "/logo.png": Answer(200, (("Content-Type", "image/png"),), _png()),
        "/api/products": _products(),
        "/sale": Answer(302, (("Location", "/offers?from=sale"),)),
        "/offers": _html(200, offers, chunked=True),
        "/latin": Answer(200, (latin,), "Grüße aus Köln\n".encode("latin-1")),
        "/thanks": _html(200, "<!doctype html>\n<h1>Thank you</h1>\n"),
    }


def answer(method: str, target: str, body: bytes, if_none_match: str | None) -> Answer:
    """Return what the shop answers to a request for ``target`` (path and query)."""
    path = urlsplit(target).path
    match method, path:
        case "POST", "/api/cart":
            return _cart(body)
        case "POST", "/newsletter" if parse_qs(body.decode()).get("mail"):
            return Answer(303, (("Location", "/thanks"),))
        case "PUT", "/api/photo":
            return _json(200, {"size": len(body)})
        case "DELETE", _:
            return Answer(204)
        case (("GET" | "HEAD"), _):
            return _pages(if_none_match).get(path) or _html(
                404, "<!doctype html>\n<h1>Not found</h1>\n"
            )
    return Answer(405, (("Allow", "GET, HEAD"),))


class Shop(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 for ``answer``."""

    protocol_version = "HTTP/1.1"
    server_version = "tea-shop"
    sys_version = ""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return one date for every response."""
        del timestamp
        return DATE

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing on stderr."""

    def _respond(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        reply = answer(self.command, self.path, body, self.headers.get("if-none-match"))
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(reply)

    def _send_body(self, reply: Answer) -> None:
        if not reply.chunked:
            self.wfile.write(reply.body)
            return
        for start in range(0, len(reply.body), 32):
            part = reply.body[start : start + 32]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _respond  # noqa: N815  # http.server's names


def serve(port: int = 0) -> ThreadingHTTPServer:
    """Return the shop bound to a port of the loopback interface; the caller runs it."""
    return ThreadingHTTPServer(("127.0.0.1", port), Shop)
