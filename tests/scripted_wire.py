"""An adapter for requests that answers from a table: HTTP without a network."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

__all__ = ["Answer", "ScriptedWire", "Sent"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it reached the wire, with the limits that were set for it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    limits: Mapping[str, Any]


class ScriptedWire(HTTPAdapter):
    """Gives each request to ``answer``, which returns a response or an error to raise."""

    def __init__(self, answer: Callable[[Sent], Answer | Exception]) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self.answer = answer

    def send(self, request: requests.PreparedRequest, **limits: Any) -> requests.Response:  # type: ignore[override]  # keywords only, as sessions call it
        body = request.body or b""
        sent = Sent(
            request.method or "",
            request.url or "",
            dict(request.headers),
            body.encode() if isinstance(body, str) else bytes(body),
            limits,
        )
        self.sent.append(sent)
        answer = self.answer(sent)
        if isinstance(answer, Exception):
            raise answer
        raw = urllib3.HTTPResponse(
            io.BytesIO(answer.body),
            headers=answer.headers,
            status=answer.status,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, raw)
