"""An upstream for trying a filter out: it answers with what it saw."""

from __future__ import annotations

import base64
import json

from wasmkit.http.http1 import Message, status_line

__all__ = ["echo"]


def echo(request: Message) -> Message:
    """Return a 200 whose JSON body tells the request as it arrived.

    ``method``, ``path``, ``headers`` and ``trailers`` (lists of ``"name: value"`` in their
    order), and ``body`` (text) or, if it is no UTF-8, ``body_base64``.
    """
    method, _, rest = request.first_line.partition(" ")
    seen: dict[str, object] = {
        "method": method,
        "path": rest.rpartition(" ")[0],
        "headers": _lines(request.headers),
    }
    try:
        seen["body"] = request.body.decode()
    except UnicodeDecodeError:
        seen["body_base64"] = base64.b64encode(request.body).decode()
    if request.trailers:
        seen["trailers"] = _lines(request.trailers)
    body = json.dumps(seen, indent=2).encode() + b"\n"
    headers = (("content-type", "application/json"), ("content-length", str(len(body))))
    return Message(status_line(200), headers, body)


def _lines(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers]
