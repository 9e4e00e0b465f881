"""HAR documents as tests need them: what browsers write, with changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmkit.traffic.har import parse_har

if TYPE_CHECKING:
    from wasmkit.http.message import Message
    from wasmkit.traffic.model import Exchange

__all__ = ["FILE", "answered", "document", "entry", "headers", "one"]

FILE = Path("x.har")


def entry(**changes: Any) -> dict[str, Any]:
    request = {
        "method": "GET",
        "url": "http://a.example/",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "queryString": [],
        "headersSize": -1,
        "bodySize": -1,
        "comment": "",
    }
    response = {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": {"size": -1, "mimeType": ""},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }
    made: dict[str, Any] = {
        "startedDateTime": "2026-11-03T09:00:00.000Z",
        "time": 12.5,
        "request": request | changes.pop("request", {}),
        "response": response | changes.pop("response", {}),
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 0},
    }
    return made | changes


def document(*entries: Any) -> bytes:
    log = {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": list(entries)}
    return json.dumps({"log": log}).encode()


def one(**changes: Any) -> Exchange:
    (exchange,) = parse_har(document(entry(**changes)), FILE).exchanges
    return exchange


def answered(**changes: Any) -> Message:
    response = one(**changes).response
    assert response is not None
    return response


def headers(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
