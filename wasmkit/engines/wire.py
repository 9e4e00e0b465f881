"""How a recorded exchange goes over the wire when it is played: one rule for every engine.

A recording was made on other connections, often with HTTP/2, and holds what belonged to those.
Played, the request and the response each cross one HTTP/1.1 connection (RFC 9112): a filter sees
the headers that such a connection brings. Engines that emulate Envoy use the same result as the
one that runs it, so that their outcomes can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wasmkit.engines.engine import Scenario
from wasmkit.errors import InputError
from wasmkit.http.framing import HOP_BY_HOP, has_no_body, with_length
from wasmkit.http.message import Message, as_text
from wasmkit.http.syntax import encode_target, is_authority, is_token, is_value

if TYPE_CHECKING:
    from wasmkit.http.message import Pair
    from wasmkit.traffic.model import Exchange

__all__ = ["UnplayableError", "as_sent"]

# Envoy answers "expect: 100-continue" itself and removes it before the first filter.
_NOT_REPLAYED_IN_REQUESTS = HOP_BY_HOP | {b"expect", b"host"}
_METHODS_WITH_BODY = frozenset({b"PATCH", b"POST", b"PUT"})
_EMPTY = (b"content-length", b"0")
_CHUNKED = (b"transfer-encoding", b"chunked")


class UnplayableError(InputError):
    """An exchange that one HTTP/1.1 request and response cannot be: a tunnel, an upgrade."""


def as_sent(exchange: Exchange) -> Scenario:
    """Return the exchange as client and upstream send it, headers in their recorded order.

    Left out: hop-by-hop headers and those that they name, ``host`` (it is the authority),
    ``expect``. ``content-length`` is that of the body; if the recording has none,
    a body goes chunked and its response says ``transfer-encoding: chunked``, as a filter sees it;
    a message that could have a body but has none gets ``content-length: 0``. The request ends
    with ``x-forwarded-proto`` unless it was recorded, so that an https recording is seen as https
    although it is played in plain text.

    Raises ``UnplayableError`` for CONNECT, upgrades, interim responses, and for what cannot
    stand in HTTP/1.1.
    """
    title = exchange.title
    request = _request_as_sent(exchange.request, title)
    response = exchange.response
    if response is not None:
        response = _response_as_sent(response, request.method, title)
    return Scenario(request, response, title)


def _request_as_sent(request: Message, title: str) -> Message:
    method = request.method
    if method == b"CONNECT" or _tokens(request.headers, b"upgrade"):
        raise UnplayableError(f"{title}: tunnels and upgraded connections cannot be played")
    if not is_token(method):
        raise UnplayableError(f"{title}: {as_text(method)!r} is not an HTTP method")
    scheme, authority, path = _target(request, title)
    if not is_authority(authority):
        raise UnplayableError(f"{title}: the request names no host")
    headers = _headers(request.headers, _NOT_REPLAYED_IN_REQUESTS, title)
    headers = with_length(headers, None if request.trailers else len(request.body))
    if method in _METHODS_WITH_BODY and not (request.pieces or request.trailers):
        headers = _with_default(headers, _EMPTY)
    pseudo = (
        (b":method", method),
        (b":scheme", scheme),
        (b":authority", authority),
        (b":path", path),
    )
    headers = _with_default(headers, (b"x-forwarded-proto", scheme))
    trailers = _headers(request.trailers, HOP_BY_HOP, title)
    return Message((*pseudo, *headers), request.pieces, trailers)


def _target(request: Message, title: str) -> tuple[bytes, bytes, bytes]:
    """Return scheme, authority and path: a proxy's absolute form is split, a fragment dropped.

    Browsers write URLs percent-encoded; what other recorders left raw goes the same way.
    """
    path = encode_target(request.path.partition(b"#")[0])
    scheme, authority = request.scheme, request.authority
    if b"://" in path and not path.startswith(b"/"):
        try:
            parts = urlsplit(path)
        except ValueError as error:
            raise UnplayableError(f"{title}: the path is not a URL ({error})") from error
        scheme, authority = parts.scheme, parts.netloc
        path = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
    if not path.startswith(b"/") and not (path == b"*" and request.method == b"OPTIONS"):
        raise UnplayableError(f"{title}: the path does not begin with '/'")
    return scheme, authority, path


def _response_as_sent(response: Message, method: bytes, title: str) -> Message:
    status = response.status
    if not 200 <= status <= 999:
        said = as_text(response.get(b":status") or b"nothing")
        raise UnplayableError(f"{title}: {said} is not a final response")
    first = (b":status", b"%d" % status)
    headers = _headers(response.headers, HOP_BY_HOP, title)
    if has_no_body(method, status):
        return Message((first, *(with_length(headers, None) if status == 204 else headers)))
    trailers = _headers(response.trailers, HOP_BY_HOP, title)
    headers = with_length(headers, None if trailers else len(response.body))
    if not response.pieces and not trailers:
        headers = _with_default(headers, _EMPTY)
    elif not any(name == b"content-length" for name, _ in headers):
        headers = (*headers, _CHUNKED)
    return Message((first, *headers), response.pieces, trailers)


def _headers(headers: tuple[Pair, ...], unwanted: frozenset[bytes], title: str) -> tuple[Pair, ...]:
    unwanted = unwanted | _tokens(headers, b"connection")
    kept = []
    for raw_name, value in headers:
        name = raw_name.lower()
        if name.startswith(b":") or name in unwanted:
            continue
        if not is_token(name) or not is_value(value):
            raise UnplayableError(f"{title}: the header {as_text(name)!r} cannot stand in HTTP/1.1")
        kept.append((name, value.strip(b" \t")))
    return tuple(kept)


def _tokens(headers: tuple[Pair, ...], wanted: bytes) -> frozenset[bytes]:
    """Return the comma-separated words of a header's values, in lower case."""
    values = b",".join([value for name, value in headers if name.lower() == wanted])
    return frozenset(word for part in values.split(b",") if (word := part.strip().lower()))


def _with_default(headers: tuple[Pair, ...], default: Pair) -> tuple[Pair, ...]:
    return headers if any(name == default[0] for name, _ in headers) else (*headers, default)
