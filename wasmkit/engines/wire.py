"""How a recorded exchange goes over the wire when it is played: one rule for every engine.

A recording was made on other connections, often with HTTP/2, and holds what belonged to those.
Played, the request and the response each cross one HTTP/1.1 connection (RFC 9112): a filter sees
the headers that such a connection brings. Engines that emulate Envoy use the same result as the
one that runs it, so that their outcomes can be compared.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from wasmkit.errors import InputError
from wasmkit.http.framing import has_no_body
from wasmkit.http.message import as_data

if TYPE_CHECKING:
    from wasmkit.traffic.model import Exchange, Header, Request, Response

__all__ = ["UnplayableError", "as_sent"]

# RFC 9110 7.6.1, and the connection-bound headers that HTTP/2 to HTTP/1.1 gateways drop.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Envoy answers "expect: 100-continue" itself and removes it before the first filter.
_NOT_REPLAYED_IN_REQUESTS = _HOP_BY_HOP | {"expect", "host"}
_METHODS_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Surrogates that stand for no byte come from careless JSON ("\\ud800").
_NOT_IN_VALUES = re.compile("[\x00\r\n\ud800-\udc7f\udd00-\udfff]")
_PATH_SAFE = "".join(map(chr, range(0x21, 0x7F)))


class UnplayableError(InputError):
    """An exchange that one HTTP/1.1 request and response cannot be: a tunnel, an upgrade."""


def as_sent(exchange: Exchange) -> Exchange:
    """Return the exchange as client and upstream send it, headers in their recorded order.

    Left out: hop-by-hop headers and those that they name, ``host`` (it is the authority),
    pseudo headers, ``expect``. ``content-length`` is that of the body; if the recording has none,
    a body goes chunked and its response says ``transfer-encoding: chunked``, as a filter sees it;
    a message that could have a body but has none gets ``content-length: 0``. The request ends
    with ``x-forwarded-proto`` unless it was recorded, so that an https recording is seen as https
    although it is played in plain text. A response of status 0 stays: the upstream hangs up.

    Raises ``UnplayableError`` for CONNECT, upgrades, interim responses, and for text that cannot
    stand in HTTP/1.1.
    """
    title = exchange.title.encode("utf-8", "backslashreplace").decode()
    return replace(
        exchange,
        request=_request_as_sent(exchange.request, title),
        response=_response_as_sent(exchange.response, exchange.request.method, title),
    )


def _request_as_sent(request: Request, title: str) -> Request:
    method = request.method
    if method == "CONNECT" or _tokens(request.headers, "upgrade"):
        raise UnplayableError(f"{title}: tunnels and upgraded connections cannot be played")
    if not _TOKEN.fullmatch(method):
        raise UnplayableError(f"{title}: {method!r} is no HTTP method")
    target = _target(request, title)
    if not target.authority or _NOT_IN_VALUES.search(target.authority):
        raise UnplayableError(f"{title}: the request names no host")
    headers = _headers(request.headers, _NOT_REPLAYED_IN_REQUESTS, title)
    headers = _with_length(headers, request.body, chunked=bool(request.trailers))
    if method in _METHODS_WITH_BODY and not (request.body or request.trailers):
        headers = _with_default(headers, ("content-length", "0"))
    headers = _with_default(headers, ("x-forwarded-proto", target.scheme))
    return replace(target, headers=headers, trailers=_headers(request.trailers, _HOP_BY_HOP, title))


def _target(request: Request, title: str) -> Request:
    """Return the request in origin form: a proxy's absolute form is split, a fragment dropped."""
    path, scheme, authority = request.path.partition("#")[0], request.scheme, request.authority
    if "://" in path and not path.startswith("/"):
        try:
            parts = urlsplit(path)
        except ValueError as error:
            raise UnplayableError(f"{title}: the path is no URL ({error})") from error
        scheme, authority = parts.scheme, parts.netloc
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if _NOT_IN_VALUES.search(path):
        raise UnplayableError(f"{title}: the path cannot stand in HTTP/1.1")
    if not path.startswith("/") and not (path == "*" and request.method == "OPTIONS"):
        raise UnplayableError(f"{title}: the path does not begin with '/'")
    # Browsers write URLs percent-encoded; what other recorders left raw goes the same way.
    path = quote(as_data(path), safe=_PATH_SAFE)
    return replace(request, path=path, scheme=scheme, authority=authority)


def _response_as_sent(response: Response, method: str, title: str) -> Response:
    status = response.status
    if status == 0:
        return replace(response, headers=(), body=b"", trailers=())
    if not 200 <= status <= 999:
        raise UnplayableError(f"{title}: {status} is no final response")
    headers = _headers(response.headers, _HOP_BY_HOP, title)
    if has_no_body(as_data(method), status):
        if status == 204:
            headers = tuple(header for header in headers if header[0] != "content-length")
        return replace(response, headers=headers, body=b"", trailers=())
    trailers = _headers(response.trailers, _HOP_BY_HOP, title)
    headers = _with_length(headers, response.body, chunked=bool(trailers))
    if not response.body and not trailers:
        headers = _with_default(headers, ("content-length", "0"))
    elif not any(name == "content-length" for name, _ in headers):
        headers = (*headers, ("transfer-encoding", "chunked"))
    return replace(response, headers=headers, trailers=trailers)


def _headers(
    headers: tuple[Header, ...], unwanted: frozenset[str], title: str
) -> tuple[Header, ...]:
    unwanted = unwanted | _tokens(headers, "connection")
    kept = []
    for raw_name, value in headers:
        name = raw_name.lower()
        if name.startswith(":") or name in unwanted:
            continue
        if not _TOKEN.fullmatch(name) or _NOT_IN_VALUES.search(value):
            raise UnplayableError(f"{title}: the header {name!r} cannot stand in HTTP/1.1")
        kept.append((name, value.strip(" \t")))
    return tuple(kept)


def _tokens(headers: tuple[Header, ...], wanted: str) -> frozenset[str]:
    """Return the comma-separated words of a header's values, in lower case."""
    values = ",".join(value for name, value in headers if name.lower() == wanted)
    return frozenset(word for part in values.split(",") if (word := part.strip().lower()))


def _with_length(headers: tuple[Header, ...], body: bytes, *, chunked: bool) -> tuple[Header, ...]:
    """Return the headers with the body's real length once where one stood, or with none."""
    length = ("content-length", str(len(body)))
    seen = chunked
    result = []
    for header in headers:
        if header[0] != "content-length":
            result.append(header)
        elif not seen:
            result.append(length)
            seen = True
    return tuple(result)


def _with_default(headers: tuple[Header, ...], default: Header) -> tuple[Header, ...]:
    return headers if any(name == default[0] for name, _ in headers) else (*headers, default)
