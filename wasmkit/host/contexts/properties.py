"""Attributes of a stream as ``proxy_get_property`` serialises them.

Names are those of Envoy's "Attributes" page; which are found in which phase was measured on
Envoy 1.40. Attributes that nothing here can know (TLS, the upstream's address, node metadata)
are not found, as on an Envoy where they do not apply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmkit.abi.constants import Status, StreamType
from wasmkit.abi.pairs import encode_pairs
from wasmkit.abi.properties import PROPERTIES
from wasmkit.host.protocol import CallError
from wasmkit.http.grpc import grpc_of_http

if TYPE_CHECKING:
    from wasmkit.http.headers import HeaderMap

__all__ = ["StreamFacts", "VisibleHeaders", "find_property"]

_Value = bytes | int | None


@dataclass(slots=True)
class StreamFacts:
    """What Envoy's ``StreamInfo`` knows of a stream so far; times are nanoseconds."""

    connection_id: int = 0
    source: tuple[str, int] = ("127.0.0.1", 0)
    destination: tuple[str, int] = ("127.0.0.1", 0)
    started: int = 0
    duration: int | None = None
    request_size: int = 0
    response_size: int = 0
    response_code: int | None = None
    response_code_details: bytes = b""
    response_flags: int = 0
    has_route: bool = True
    routed: bool = False
    """Whether the router has chosen an upstream on that route."""
    kept: dict[bytes, bytes] = field(default_factory=dict)
    """What the filter keeps with ``proxy_set_property``, by raw path."""


@dataclass(frozen=True, slots=True)
class VisibleHeaders:
    """The maps that attributes may be taken from in the present phase."""

    request: HeaderMap | None = None
    response: HeaderMap | None = None
    response_trailers: HeaderMap | None = None

    def find(self, direction: StreamType, *, trailers: bool) -> HeaderMap | None:
        """Return the map of that kind; a request's trailers are never visible here."""
        if direction is StreamType.REQUEST:
            return None if trailers else self.request
        return self.response_trailers if trailers else self.response


def find_property(
    path: bytes,
    facts: StreamFacts,
    visible: VisibleHeaders,
    absent: frozenset[bytes] = frozenset(),
) -> bytes | None:
    """Return a stream attribute's serialized value, None if there is none of that name.

    ``absent`` are attributes, by their paths, that the host does not have yet.
    Raises ``CallError`` with ``SERIALIZATION_FAILURE`` for a whole group such as ``request``, and
    with ``NOT_FOUND`` for an attribute of a known group that has no value now.
    """
    path = path.removesuffix(b"\0")
    if path in absent:
        raise CallError(Status.NOT_FOUND)
    group, *rest = path.split(b"\0")
    find = _GROUPS.get(group)
    if find is not None:
        if not rest:
            raise CallError(Status.SERIALIZATION_FAILURE)
        value = find(rest, facts, visible)
        if value is None:
            raise CallError(Status.NOT_FOUND)
        return _serialise(f"{group.decode()}.{rest[0].decode('utf-8', 'replace')}", value)
    if rest:
        return None
    if group == b"metadata":
        return b""
    if group == b"upstream_filter_state" and facts.routed and facts.response_code is not None:
        raise CallError(Status.SERIALIZATION_FAILURE)
    if group == b"connection_id":
        return _serialise("connection_id", facts.connection_id)
    return facts.kept.get(group)


def _serialise(name: str, value: bytes | int) -> bytes:
    return value if isinstance(value, bytes) else PROPERTIES[name].type.serialise(value)


def _joined(headers: HeaderMap, name: bytes) -> bytes | None:
    values = headers.get_all(name)
    return b",".join(values) if values else None


def _headers(headers: HeaderMap | None, rest: list[bytes]) -> bytes | None:
    """Return one header, its values joined by commas, or the whole map as pairs.

    Envoy gives the whole map in random order.
    """
    if headers is None:
        return None if rest else encode_pairs([])
    if rest:
        return _joined(headers, rest[0]) if len(rest) == 1 else None
    names = dict.fromkeys(name for name, _ in headers.pairs)
    return encode_pairs((name, _joined(headers, name) or b"") for name in names)


def _size(*headers: HeaderMap | None) -> int:
    return sum(each.byte_size for each in headers if each is not None)


_REQUEST_HEADERS = {
    b"path": b":path",
    b"host": b":authority",
    b"scheme": b":scheme",
    b"method": b":method",
    b"referer": b"referer",
    b"useragent": b"user-agent",
    b"id": b"x-request-id",
}


def _request(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    name, *rest = parts
    headers = visible.request
    if name == b"headers":
        return _headers(headers, rest)
    if rest:
        return None
    if name in _REQUEST_HEADERS:
        return None if headers is None else headers.get(_REQUEST_HEADERS[name])
    if name in (b"url_path", b"query"):
        if headers is None:
            return None
        path, _, query = (headers.get(b":path") or b"").partition(b"?")
        return path if name == b"url_path" else query.partition(b"#")[0]
    known: dict[bytes, _Value] = {
        b"time": facts.started,
        b"protocol": b"HTTP/1.1",
        b"duration": facts.duration,
        b"size": facts.request_size,
        b"total_size": _size(headers) + facts.request_size,
        b"headers_bytes": _size(headers),
    }
    return known.get(name)


def _response(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    name, *rest = parts
    headers, trailers = visible.response, visible.response_trailers
    if name in (b"headers", b"trailers"):
        return _headers(headers if name == b"headers" else trailers, rest)
    if rest:
        return None
    known: dict[bytes, _Value] = {
        b"code": facts.response_code,
        b"code_details": facts.response_code_details or None,
        b"flags": facts.response_flags,
        b"grpc_status": _grpc_status(facts, headers),
        b"size": facts.response_size,
        b"total_size": _size(headers, trailers) + facts.response_size,
        b"headers_bytes": _size(headers),
    }
    return known.get(name)


def _grpc_status(facts: StreamFacts, headers: HeaderMap | None) -> int | None:
    """Return a gRPC response's status, or what the HTTP status would mean in gRPC."""
    said = headers.get(b"grpc-status") if headers is not None else None
    if said is not None and said.isdigit() and len(said) <= 10:
        return int(said)
    return None if facts.response_code is None else grpc_of_http(facts.response_code)


def _address(address: tuple[str, int], parts: list[bytes]) -> _Value:
    host, port = address
    known: dict[bytes, _Value] = {b"address": f"{host}:{port}".encode(), b"port": port}
    return known.get(parts[0]) if len(parts) == 1 else None


def _source(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    return _address(facts.source, parts)


def _destination(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    return _address(facts.destination, parts)


def _connection(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    known: dict[bytes, _Value] = {
        b"id": facts.connection_id,
        b"mtls": False,
        b"requested_server_name": b"",
    }
    return known.get(parts[0]) if len(parts) == 1 else None


def _upstream(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    known: dict[bytes, _Value] = {
        b"num_endpoints": 1 if facts.has_route else None,
        b"request_attempt_count": int(facts.routed),
        b"transport_failure_reason": b"" if facts.routed else None,
    }
    return known.get(parts[0]) if len(parts) == 1 else None


def _xds(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    if parts == [b"upstream_host_metadata"] and facts.routed:
        raise CallError(Status.SERIALIZATION_FAILURE)
    known: dict[bytes, _Value] = {
        b"virtual_host_name": b"all",
        b"listener_direction": 0,
        b"listener_metadata": b"",
        b"filter_chain_name": b"",
    }
    if facts.has_route:
        known |= {
            b"cluster_name": b"upstream",
            b"cluster_metadata": b"",
            b"route_name": b"",
            b"route_metadata": b"",
        }
    return known.get(parts[0]) if len(parts) == 1 else None


def _filter_state(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    key = parts[0]
    if len(parts) > 1 or not key.startswith(b"wasm."):
        return None
    return facts.kept.get(key.removeprefix(b"wasm."))


_GROUPS = {
    b"request": _request,
    b"response": _response,
    b"source": _source,
    b"destination": _destination,
    b"connection": _connection,
    b"upstream": _upstream,
    b"xds": _xds,
    b"filter_state": _filter_state,
}
