"""Reads HAR 1.2 as Chromium, Firefox and mitmproxy write it.

A HAR is a browser's view of its traffic, and not all of that could cross a proxy: entries that
never went over HTTP (``data:``, WebSockets, what came from the cache) are left out, each with a
note in ``Recording.notes``. What a HAR says about bodies is in ``_har_body``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

from wasmkit.traffic._har_body import content_body, post_body
from wasmkit.traffic._json import RecordingError, parse, read_limited
from wasmkit.traffic.model import Exchange, Recording, Request, Response

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.traffic._json import Node
    from wasmkit.traffic.model import Header

__all__ = ["MAX_BYTES", "MAX_ENTRIES", "MAX_HEADERS", "RecordingError", "parse_har", "read_har"]

MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 100_000
MAX_HEADERS = 1024
"""Of one message; Proxy-Wasm hosts hand on no more pairs than that either."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_NO_AUTHORITY = re.compile(r"[\s\x00-\x1f\x7f/?#\\]")
_BAD_VALUE = re.compile(r"[\x00\r]")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


def read_har(path: Path) -> Recording:
    """Read a HAR file into a recording.

    Raises ``RecordingError`` with the file and the place in it (a line for broken JSON, a path
    such as ``log.entries[3].request.url`` for the rest). The limits are ``MAX_BYTES`` of file,
    ``MAX_ENTRIES`` and ``MAX_HEADERS``.
    """
    return parse_har(read_limited(path, MAX_BYTES), path)


def parse_har(data: bytes, file: Path) -> Recording:
    """Read the content of a HAR file; ``file`` names it in errors. See ``read_har``."""
    root = parse(data, file)
    if not isinstance(root.value, dict) or root["log"].missing:
        raise RecordingError("is no HAR: it has no 'log'", file=file, hint="export it as HAR")
    entries = list(root["log"]["entries"].items())
    if root["log"]["entries"].missing:
        raise root["log"]["entries"].error("is missing")
    if len(entries) > MAX_ENTRIES:
        raise root["log"]["entries"].error(f"holds over {MAX_ENTRIES} entries")
    exchanges: list[Exchange] = []
    notes: list[str] = []
    for number, entry in enumerate(entries, 1):
        reason = _why_not(entry)
        if reason:
            notes.append(f"entry {number} is left out: {reason}")
            continue
        before = exchanges[-1].started if exchanges else 0.0
        exchanges.append(_exchange(entry, before))
    exchanges.sort(key=lambda exchange: exchange.started)
    return Recording(file.name, tuple(exchanges), tuple(notes))


def _why_not(entry: Node) -> str:
    """Return why an entry cannot be played through a proxy, or nothing."""
    url = entry["request"]["url"]
    match = _SCHEME.match(url.text())
    scheme = match[1].lower() if match else ""
    if not scheme:
        raise url.error("is no absolute URL")
    if scheme not in ("http", "https"):
        return "a WebSocket" if scheme in ("ws", "wss") else f"{scheme[:20]}: is not HTTP"
    if entry["request"]["method"].text().upper() == "CONNECT":
        return "a tunnel"
    if entry["_resourceType"].value == "websocket" or entry["response"]["status"].value == 101:
        return "a WebSocket"
    if entry["_fromCache"].value or entry["response"]["_fetchedViaServiceWorker"].value:
        return "it came from the browser's cache"
    if "ERR_BLOCKED_BY" in _words(entry["response"]["_error"]):
        return "the browser did not send it"
    return ""


def _words(node: Node) -> str:
    """Return what is written for people: anything may stand there, a string is what counts."""
    return node.value if isinstance(node.value, str) else ""


def _exchange(entry: Node, before: float) -> Exchange:
    notes: list[str] = []
    request = _request(entry["request"], notes)
    response = _response(entry["response"], request.method, notes)
    return Exchange(
        request=request,
        response=response,
        started=_started(entry["startedDateTime"], before, notes),
        duration=max(entry["time"].number(0), 0) / 1000,
        notes=tuple(notes),
    )


def _started(node: Node, before: float, notes: list[str]) -> float:
    """Return the Unix time of an ISO 8601 date; without one, the time of the entry before."""
    try:
        moment = datetime.fromisoformat(node.text(""))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        notes.append("when it started is not known")
        return before


def _request(node: Node, notes: list[str]) -> Request:
    method = node["method"].text()
    if not _TOKEN.fullmatch(method):
        raise node["method"].error(f"is no HTTP method: {method[:40]!r}")
    parts = _split(node["url"])
    pairs = _pairs(node["headers"], notes)
    authority = _first(pairs, ":authority") or _first(pairs, "host")
    authority = authority or parts.netloc.rpartition("@")[2]
    if not parts.netloc or not authority or _NO_AUTHORITY.search(authority):
        raise node["url"].error("names no host")
    headers = tuple(pair for pair in pairs if pair[0] != "host" and not pair[0].startswith(":"))
    body = post_body(node, headers)
    notes += body.notes
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(
        method=method,
        scheme=parts.scheme.lower(),
        authority=authority,
        path=quote(path, safe=_ASCII, errors="surrogateescape"),
        headers=body.headers,
        body=body.data,
    )


def _response(node: Node, method: str, notes: list[str]) -> Response:
    status = node["status"].number(0)
    if status <= 0:
        reason = _words(node["_error"]) or _words(node["statusText"]) or "reason unknown"
        notes.append(f"no response came: {reason[:200]}")
        return Response(status=0)
    if status != int(status) or not 200 <= status <= 599:
        raise node["status"].error("is no status of a final response (200 to 599)")
    pairs = _pairs(node["headers"], notes)
    headers = tuple(pair for pair in pairs if not pair[0].startswith(":"))
    body = content_body(node, headers, method=method, status=int(status))
    notes += body.notes
    return Response(status=int(status), headers=body.headers, body=body.data)


def _pairs(node: Node, notes: list[str]) -> tuple[Header, ...]:
    """Return headers with names in lower case; one with several lines is several headers.

    Chromium writes a repeated header as one with its values on lines of their own.
    """
    pairs: list[Header] = []
    for item in node.items():
        name = item["name"].text().lower()
        for value in item["value"].text("").split("\n"):
            trimmed = value.strip(" \t\r")
            if not _TOKEN.fullmatch(name.removeprefix(":")) or _BAD_VALUE.search(trimmed):
                notes.append(f"the header {name[:40]!r} is left out: it cannot stand in HTTP")
            else:
                pairs.append((name, trimmed))
        if len(pairs) > MAX_HEADERS:
            raise node.error(f"holds over {MAX_HEADERS} headers")
    return tuple(pairs)


def _first(pairs: tuple[Header, ...], wanted: str) -> str:
    return next((value for name, value in pairs if name == wanted), "")


def _split(url: Node) -> SplitResult:
    """Return the parts of an absolute URL; ``urlsplit`` drops what is no text from it."""
    try:
        return urlsplit(url.text())
    except ValueError as error:
        raise url.error(f"is no URL: {error}") from error
