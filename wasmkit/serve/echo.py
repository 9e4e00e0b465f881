"""An upstream for trying a filter out: it answers with what it saw."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from wasmkit.http.message import Message, as_text

if TYPE_CHECKING:
    from wasmkit.http.message import Pair

__all__ = ["echo"]


def echo(request: Message) -> Message:
    """Return a 200 whose JSON body tells the request as it arrived.

    ``method``, ``path``, ``headers`` and ``trailers`` (lists of ``"name: value"`` in their
    order), and ``body`` (text) or, if it is not UTF-8, ``body_base64``.
    """
    seen: dict[str, object] = {
        "method": as_text(request.method),
        "path": as_text(request.path),
        "headers": _lines((*_host(request), *request.fields)),
    }
    try:
        seen["body"] = request.body.decode()
    except UnicodeDecodeError:
        seen["body_base64"] = base64.b64encode(request.body).decode()
    if request.trailers:
        seen["trailers"] = _lines(request.trailers)
    body = json.dumps(seen, indent=2).encode() + b"\n"
    headers = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
    return Message.response(200, headers, body)


def _host(request: Message) -> tuple[Pair, ...]:
    authority = request.get(b":authority")
    return () if authority is None else ((b"host", authority),)


def _lines(headers: tuple[Pair, ...]) -> list[str]:
    return [as_text(b"%b: %b" % header) for header in headers]
