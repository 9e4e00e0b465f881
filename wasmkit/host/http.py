"""What Envoy does to messages around its filters: HTTP/1.1 codecs, connection manager, router.

For the configuration that ``wasmkit.envoy.bootstrap`` writes. Only what a filter or an end can
see is here; each rule was measured on Envoy 1.40.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from wasmkit.host.headers import HeaderMap, Pair

__all__ = [
    "HUNG_UP",
    "RESPONSE_TOO_LARGE",
    "TOO_LARGE",
    "LocalReply",
    "Message",
    "is_grpc",
    "local_reply",
    "received_request",
    "received_response",
    "request_fault",
    "sent_request",
    "sent_response",
]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response; pseudo headers (``:path``, ``:status``) stand first."""

    headers: tuple[Pair, ...]
    body: bytes = b""
    trailers: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalReply:
    """A response made in the proxy; ``details`` says why, for logs."""

    status: int
    body: bytes = b""
    headers: tuple[Pair, ...] = ()
    grpc_status: int | None = None
    details: bytes = b""


TOO_LARGE = LocalReply(413, b"Payload Too Large", details=b"request_payload_too_large")
RESPONSE_TOO_LARGE = LocalReply(
    500, b"Internal Server Error", details=b"response_payload_too_large"
)
HUNG_UP = LocalReply(
    503,
    b"upstream connect error or disconnect/reset before headers."
    b" reset reason: connection termination",
    details=b"upstream_reset_before_response_started{connection_termination}",
)

_JOINED_IN_REQUESTS: frozenset[bytes] = frozenset()
_JOINED_IN_RESPONSES: frozenset[bytes] = frozenset()


def received_request(pairs: tuple[Pair, ...]) -> HeaderMap:
    """Return a request's headers as the first filter gets them."""
    headers = HeaderMap(pairs, joined=_JOINED_IN_REQUESTS, is_request=True)
    if headers.get(b"x-request-id") is None:
        headers.add(b"x-request-id", str(uuid.uuid4()).encode())
    return headers


def received_response(pairs: tuple[Pair, ...]) -> HeaderMap:
    """Return an upstream's response headers as the filter gets them."""
    return HeaderMap(pairs, joined=_JOINED_IN_RESPONSES)


_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def request_fault(headers: HeaderMap) -> LocalReply | None:
    """Return what the router answers to a request that it cannot send, None if it can."""
    for name, _ in headers.pairs:
        if not name.startswith(b":") and not _TOKEN.fullmatch(name):
            return LocalReply(503, b"invalid header name: " + name)
    return None


def sent_request(headers: HeaderMap, body: bytes, trailers: HeaderMap | None) -> Message:
    """Return a request as the upstream gets it."""
    return Message(tuple(headers.pairs), body, tuple(trailers.pairs) if trailers else ())


def sent_response(headers: HeaderMap, body: bytes, trailers: HeaderMap | None) -> Message:
    """Return a response as the client gets it."""
    return Message(tuple(headers.pairs), body, tuple(trailers.pairs) if trailers else ())


def is_grpc(headers: HeaderMap) -> bool:
    """Return whether a request is a gRPC call, to which local replies speak gRPC."""
    kind = headers.get(b"content-type") or b""
    return kind == b"application/grpc" or kind.startswith(
        (b"application/grpc+", b"application/grpc;")
    )


def local_reply(reply: LocalReply, *, is_head: bool, is_grpc: bool) -> tuple[HeaderMap, bytes]:
    """Return a local reply's headers and body."""
    headers = HeaderMap([(b":status", b"%d" % reply.status)], joined=_JOINED_IN_RESPONSES)
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


_GRPC_OF_HTTP = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
_UNKNOWN = 2


def _grpc_reply(reply: LocalReply, headers: HeaderMap, *, is_head: bool) -> HeaderMap:
    status = reply.grpc_status
    if status is None:
        status = _GRPC_OF_HTTP.get(reply.status, _UNKNOWN)
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
