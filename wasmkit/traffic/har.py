"""Reads HAR 1.2 as Chromium, Firefox and mitmproxy write it.

A HAR is a browser's view of its traffic, and not all of that could cross a proxy: entries that
never went over HTTP (``data:``, WebSockets, what came from the cache) are left out, each with a
note in ``Recording.notes``. What a HAR says about bodies is in ``_har_body``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from wasmkit.errors import InputError
from wasmkit.files import read_bounded
from wasmkit.http.message import Message, as_data, as_text
from wasmkit.http.syntax import encode_target, is_authority, is_token, is_value
from wasmkit.traffic._har_body import content_body, post_body
from wasmkit.traffic._json import parse
from wasmkit.traffic.model import Exchange, Recording

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.http.message import Pair
    from wasmkit.traffic._json import Node

__all__ = ["MAX_BYTES", "MAX_ENTRIES", "MAX_HEADERS", "parse_har", "read_har"]

MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 100_000
MAX_HEADERS = 1024
"""Of one message; Proxy-Wasm hosts hand on no more pairs than that either."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def read_har(path: Path) -> Recording:
    """Read a HAR file into a recording.

    Raises ``InputError`` with the file and the place in it (a line for broken JSON, a path
    such as ``log.entries[3].request.url`` for the rest). The limits are ``MAX_BYTES`` of file,
    ``MAX_ENTRIES`` and ``MAX_HEADERS``.
    """
    return parse_har(read_bounded(path, MAX_BYTES), path)


def parse_har(data: bytes, file: Path) -> Recording:
    """Read the content of a HAR file; ``file`` names it in errors. See ``read_har``."""
    root = parse(data, file)
    if not isinstance(root.value, dict) or root["log"].missing:
        raise InputError("is not a HAR: it has no 'log'", file=file, hint="export it as HAR")
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
        raise url.error("is not an absolute URL")
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


def _request(node: Node, notes: list[str]) -> Message:
    method = node["method"].data()
    if not is_token(method):
        raise node["method"].error(f"is not an HTTP method: {as_text(method)[:40]!r}")
    parts = _split(node["url"])
    sent = Message(_pairs(node["headers"], notes))
    authority = sent.authority or sent.get(b"host") or as_data(parts.netloc.rpartition("@")[2])
    if not parts.netloc or not is_authority(authority):
        raise node["url"].error("names no host")
    body = post_body(node, tuple(pair for pair in sent.fields if pair[0] != b"host"))
    notes += body.notes
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Message.request(
        method,
        encode_target(as_data(path)),
        scheme=as_data(parts.scheme.lower()),
        authority=authority,
        headers=body.headers,
        body=body.data,
    )


def _response(node: Node, method: bytes, notes: list[str]) -> Message | None:
    status = node["status"].number(0)
    if status <= 0:
        reason = _words(node["_error"]) or _words(node["statusText"]) or "reason unknown"
        notes.append(f"no response came: {reason[:200]}")
        return None
    if status != int(status) or not 200 <= status <= 599:
        raise node["status"].error("is not a status of a final response (200 to 599)")
    headers = Message(_pairs(node["headers"], notes)).fields
    body = content_body(node, headers, method=method, status=int(status))
    notes += body.notes
    return Message.response(int(status), body.headers, body.data)


def _pairs(node: Node, notes: list[str]) -> tuple[Pair, ...]:
    """Return headers with names in lower case; one with several lines is several headers.

    Chromium writes a repeated header as one with its values on lines of their own.
    """
    pairs: list[Pair] = []
    for item in node.items():
        name = item["name"].data().lower()
        for value in item["value"].data("").split(b"\n"):
            trimmed = value.strip(b" \t\r")
            if not is_token(name.removeprefix(b":")) or not is_value(trimmed):
                shown = as_text(name)[:40]
                notes.append(f"the header {shown!r} is left out: it cannot stand in HTTP")
            else:
                pairs.append((name, trimmed))
        if len(pairs) > MAX_HEADERS:
            raise node.error(f"holds over {MAX_HEADERS} headers")
    return tuple(pairs)


def _split(url: Node) -> SplitResult:
    """Return the parts of an absolute URL; ``urlsplit`` drops what is not text from it."""
    try:
        return urlsplit(url.text())
    except ValueError as error:
        raise url.error(f"is not a URL: {error}") from error
