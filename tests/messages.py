"""Messages as tests write them: in text, which becomes bytes as everywhere at the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.engines.engine import Outcome, Trap, Wire
from wasmkit.engines.wire import as_sent
from wasmkit.http.message import Message, as_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.engines.engine import Engine, Event, Log
    from wasmkit.http.message import Pair
    from wasmkit.traffic.model import Exchange

__all__ = [
    "a_request",
    "a_response",
    "an_outcome",
    "answer_of",
    "pairs",
    "play",
    "seen_by_upstream",
]

Texts = tuple[str, str]


def pairs(headers: Iterable[Texts]) -> tuple[Pair, ...]:
    return tuple((as_data(name), as_data(value)) for name, value in headers)


def a_request(  # noqa: PLR0917  # in the order of the wire
    method: str,
    scheme: str,
    authority: str,
    path: str,
    headers: Iterable[Texts] = (),
    body: bytes = b"",
    trailers: Iterable[Texts] = (),
) -> Message:
    return Message.request(
        as_data(method),
        as_data(path),
        scheme=as_data(scheme),
        authority=as_data(authority),
        headers=pairs(headers),
        body=body,
        trailers=pairs(trailers),
    )


def a_response(
    status: int,
    headers: Iterable[Texts] = (),
    body: bytes = b"",
    trailers: Iterable[Texts] = (),
) -> Message:
    return Message.response(status, pairs(headers), body, pairs(trailers))


def seen_by_upstream(request: Message) -> Message:
    """Return a request as it is read from the wire, which carries no scheme."""
    headers = tuple(pair for pair in request.headers if pair[0] != b":scheme")
    return Message(headers, request.pieces, request.trailers)


def an_outcome(
    upstream: Message | None,
    client: Message | None,
    logs: Iterable[Log] = (),
    trap: str = "",
) -> Outcome:
    """Return an outcome of what its properties shall answer."""
    events: list[Event] = [] if upstream is None else [Wire("upstream", upstream)]
    events += logs
    events += [Trap(trap)] if trap else []
    return Outcome((*events, Wire("client", client)))


def answer_of(outcome: Outcome) -> Message:
    """Return the response that the client saw; there must be one."""
    assert outcome.client is not None
    return outcome.client


def play(engine: Engine, exchange: Exchange) -> Outcome:
    return engine.play(as_sent(exchange))
