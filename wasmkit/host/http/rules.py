"""What Envoy does to messages around its filters: HTTP/1.1 codecs, connection manager, router.

For the configuration that ``wasmkit.envoy.bootstrap`` writes. Only what a filter or an end can
see is here; each rule was measured on Envoy 1.40.
"""

from __future__ import annotations

import uuid
from email.utils import formatdate
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from wasmkit.host.contexts.manager import LocalReply
from wasmkit.http.framing import content_length, has_no_body
from wasmkit.http.grpc import grpc_of_http
from wasmkit.http.headers import HeaderMap
from wasmkit.http.message import Message
from wasmkit.http.syntax import is_token, is_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wasmkit.http.message import Pair
    from wasmkit.profiles import HeaderRules

__all__ = [
    "CLIENT_LEFT",
    "HUNG_UP",
    "NO_ROUTE",
    "RESPONSE_TOO_LARGE",
    "TOO_LARGE",
    "UPSTREAM_LEFT",
    "Delivery",
    "finish_response",
    "local_reply",
    "received_request",
    "received_response",
    "request_fault",
    "response_fault",
    "sent_request",
    "sent_response",
]


TOO_LARGE = LocalReply(413, b"Payload Too Large", details=b"request_payload_too_large")
RESPONSE_TOO_LARGE = LocalReply(
    500, b"Internal Server Error", details=b"response_payload_too_large"
)
HUNG_UP = LocalReply(
    503,
    b"upstream connect error or disconnect/reset before headers."
    b" reset reason: connection termination",
    details=b"upstream_reset_before_response_started{connection_termination}",
    flags=1 << 6,
)
CLIENT_LEFT = (b"downstream_remote_disconnect", 1 << 14)
"""Details and flags of a stream whose client hung up."""
UPSTREAM_LEFT = (b"upstream_reset_after_response_started{connection_termination}", 1 << 6)
"""The same when the upstream hung up within its response."""


_PSEUDO_HEADERS = (b":authority", b":path", b":method", b":scheme")


def received_request(
    pairs: Sequence[Pair], rules: HeaderRules, random_bytes: Callable[[int], bytes]
) -> HeaderMap:
    """Return a request's headers as the first filter gets them, numbered if it has no number.

    The connection is plain HTTP; Envoy takes the scheme from ``x-forwarded-proto``.
    """
    found = dict(reversed(pairs))
    forwarded = found.get(b"x-forwarded-proto", b"").lower()
    if forwarded:
        found[b":scheme"] = forwarded if forwarded in (b"http", b"https") else b"http"
    ordered = [(name, found[name]) for name in _PSEUDO_HEADERS if name in found]
    unwanted = rules.not_from_clients
    ordered += [pair for pair in pairs if pair[0] not in unwanted and pair[0][:1] != b":"]
    headers = HeaderMap(ordered, joined=rules.joined_in_requests, is_request=True)
    if headers.get(b"x-request-id") is None:
        headers.add(b"x-request-id", str(uuid.UUID(bytes=random_bytes(16), version=4)).encode())
    return headers


def received_response(pairs: Iterable[Pair], rules: HeaderRules) -> HeaderMap:
    """Return an upstream's response headers as the filter gets them."""
    return HeaderMap(pairs, joined=rules.joined_in_responses)


NO_ROUTE = LocalReply(404, details=b"route_not_found", flags=1 << 8)


def request_fault(headers: HeaderMap) -> LocalReply | None:
    """Return what the router answers to a request that it cannot send, None if it can."""
    if headers.get(b":path") is None or headers.get(b"x-forwarded-proto") is None:
        return NO_ROUTE
    if headers.get(b":method") is None:
        return _unsendable(b"missing required header: :method")
    for name, value in headers.pairs:
        # An empty name is let pass.
        if name and not name.startswith(b":") and not is_token(name):
            return _unsendable(b"invalid header name: " + name)
        if not is_value(value):
            return _unsendable(b"invalid header value for: " + name)
    return None


def _unsendable(reason: bytes) -> LocalReply:
    details = b"filter_removed_required_request_headers{" + b"_".join(reason.split()) + b"}"
    return LocalReply(503, reason, details=details)


def response_fault(headers: HeaderMap) -> LocalReply | None:
    """Return what the client gets instead of a response that cannot be sent, None if it can."""
    if (headers.get(b":status") or b"").isdigit():
        return None
    reason = b"missing required header: :status"
    return LocalReply(502, reason, details=b"filter_removed_required_response_headers")


class Delivery(Enum):
    """What the upstream makes of a request that a filter may have left inconsistent."""

    COMPLETE = 0
    WAITING = 1
    """It waits for more for ever."""
    REFUSED = 2
    """It hangs up."""


_BODILESS_METHODS = frozenset({b"CONNECT", b"DELETE", b"GET", b"HEAD", b"TRACE"})


def sent_request(
    headers: HeaderMap,
    body: bytes,
    trailers: HeaderMap | None,
    rules: HeaderRules,
    *,
    headers_only: bool,
) -> tuple[Delivery, Message]:
    """Return a request as the upstream gets it.

    Envoy sends what a filter made of a body without a look at ``content-length``: what is longer
    is cut, what is shorter never comes to its end.
    """
    pairs = [
        pair
        for pair in headers.pairs
        if pair[0] not in rules.not_to_upstreams and pair[0][:1] != b":"
    ]
    said = headers.get(b"content-length")
    delivery = Delivery.COMPLETE
    if said is not None:
        length = content_length(said)
        if length is None:
            delivery = Delivery.REFUSED
        elif length > len(body):
            delivery = Delivery.WAITING
        else:
            body = body[:length]
    elif headers_only:
        if headers.get(b"transfer-encoding") == b"chunked":
            delivery = Delivery.WAITING
        elif headers.get(b":method") not in _BODILESS_METHODS:
            pairs.append((b"content-length", b"0"))
    first_line = [
        (name, value)
        for name in (b":method", b":authority", b":path")
        if (value := headers.get(name)) is not None
    ]
    return delivery, _message(_reread((*first_line, *pairs)), body, trailers)


def _message(headers: tuple[Pair, ...], body: bytes, trailers: HeaderMap | None) -> Message:
    fields = trailers.pairs if trailers else ()
    last = _reread(pair for pair in fields if pair[0][:1] != b":")
    return Message(headers, (body,) if body else (), last)


def _reread(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Return headers as their receiver reads them: trimmed, and split where a line ends.

    Envoy checks what filters put into requests, and not what they put into responses.
    """
    result = []
    for name, value in pairs:
        first, *more = value.split(b"\r\n") if b"\n" in value else (value,)
        result.append((name, first.strip(b" \t")))
        for line in more:
            extra_name, _, extra_value = line.partition(b":")
            result.append((extra_name.lower(), extra_value.strip(b" \t")))
    return tuple(result)


def finish_response(
    headers: HeaderMap,
    request: HeaderMap,
    rules: HeaderRules,
    *,
    request_complete: bool,
    now: int,
) -> None:
    """Change a response's headers as the connection manager does behind the filters.

    A connection on which a request is answered before it has all arrived is closed. A request
    that asks to be traced gets its number back. ``now`` is in nanoseconds.
    """
    for name in rules.not_to_clients:
        headers.remove(name)
    number = request.get(b"x-request-id")
    if number is not None and request.get(b"x-envoy-force-trace") is not None:
        _set(headers, b"x-request-id", number)
    if b"date" in rules.added_to_responses and headers.get(b"date") is None:
        headers.add(b"date", formatdate(now / 1e9, usegmt=True).encode())
    if not request_complete:
        headers.add(b"connection", b"close")


def sent_response(
    headers: HeaderMap,
    body: bytes,
    trailers: HeaderMap | None,
    *,
    is_head: bool,
    headers_only: bool,
) -> Message | None:
    """Return a response as the client gets it, None if it is nothing that a client can read."""
    status = int(headers.get(b":status") or b"0")
    if not 100 <= status <= 999:
        return None
    pairs = [pair for pair in headers.pairs if pair[0][:1] != b":"]
    first = (b":status", b"%d" % status)
    if has_no_body(b"HEAD" if is_head else b"", status):
        return Message((first, *_reread(pairs)))
    said = headers.get(b"content-length")
    if headers_only and said is None:
        pairs.append((b"content-length", b"0"))
    # None, where the length is not a number, cuts nothing.
    body = body[: None if said is None else content_length(said)]
    return _message((first, *_reread(pairs)), body, trailers)


def local_reply(
    reply: LocalReply, rules: HeaderRules, *, is_head: bool, is_grpc: bool
) -> tuple[HeaderMap, bytes]:
    """Return a local reply's headers and body."""
    status = b"%d" % (reply.status & 0xFFFF)
    headers = HeaderMap([(b":status", status)], joined=rules.joined_in_responses)
    for name, value in reply.headers:
        headers.add(name, value)
    if is_grpc:
        return _grpc_reply(reply, headers, is_head=is_head), b""
    if reply.body:
        _set(headers, b"content-length", b"%d" % len(reply.body))
        if headers.get(b"content-type") is None:
            headers.add(b"content-type", b"text/plain")
    else:
        headers.remove(b"content-length")
        headers.remove(b"content-type")
    return headers, b"" if is_head else reply.body


def _grpc_reply(reply: LocalReply, headers: HeaderMap, *, is_head: bool) -> HeaderMap:
    status = reply.grpc_status
    if status is None:
        status = grpc_of_http(reply.status)
    _set(headers, b":status", b"200")
    _set(headers, b"content-type", b"application/grpc")
    if not headers.get(b"grpc-status"):
        _set(headers, b"grpc-status", b"%d" % status)
    if reply.body and not is_head:
        _set(headers, b"grpc-message", quote_from_bytes(reply.body, safe=_PRINTABLE).encode())
    headers.remove(b"content-length")
    return headers


_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def _set(headers: HeaderMap, name: bytes, value: bytes) -> None:
    """Set a header that Envoy keeps in a field: in place if it is there, else at the end."""
    for index, (entry, _) in enumerate(headers.pairs):
        if entry == name:
            headers.pairs[index] = (name, value)
            return
    headers.add(name, value)
