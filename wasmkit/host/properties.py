"""Attributes of a stream as ``proxy_get_property`` serialises them.

Names are those of Envoy's "Attributes" page; which is to be had in which phase was measured on
Envoy 1.40. Attributes that nothing here can know (TLS, the upstream's address, node metadata)
are not found, as on an Envoy where they do not apply.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmkit.abi.constants import Status, StreamType
from wasmkit.abi.pairs import encode_pairs
from wasmkit.host.calls import CallError

if TYPE_CHECKING:
    from wasmkit.host.headers import HeaderMap

__all__ = ["StreamFacts", "VisibleHeaders", "find_property"]

_Value = bytes | int | bool | None


@dataclass(slots=True)
class StreamFacts:
    """What Envoy's ``StreamInfo`` knows of a stream so far; times are nanoseconds."""

    connection_id: int = 0
    source: tuple[str, int] = ("127.0.0.1", 0)
    destination: tuple[str, int] = ("127.0.0.1", 0)
    started: int = field(default_factory=time.time_ns)
    duration: int | None = None
    request_headers_size: int = 0
    request_size: int = 0
    response_headers_size: int = 0
    response_size: int = 0
    response_code: int | None = None
    response_code_details: bytes = b""
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


def find_property(path: bytes, facts: StreamFacts, visible: VisibleHeaders) -> bytes | None:
    """Return a stream attribute's serialized value, None if there is none of that name.

    Raises ``CallError`` with ``SERIALIZATION_FAILURE`` for a whole group such as ``request``, and
    with ``NOT_FOUND`` for an attribute of a known group that is not to be had now.
    """
    parts = path.removesuffix(b"\0").split(b"\0")
    group = parts[0]
    if group in _GROUPS:
        if len(parts) == 1:
            raise CallError(Status.SERIALIZATION_FAILURE)
        value = _GROUPS[group](parts[1:], facts, visible)
        if value is None:
            raise CallError(Status.NOT_FOUND)
        return _serialise(value)
    if group == b"filter_state":
        key = b"\0".join(parts[1:])
        return facts.kept.get(key.removeprefix(b"wasm.")) if key.startswith(b"wasm.") else None
    if group == b"metadata" and len(parts) == 1:
        return b""
    if group == b"connection_id" and len(parts) == 1:
        return struct.pack("<Q", facts.connection_id)
    return facts.kept.get(group) if len(parts) == 1 else None


def _serialise(value: bytes | int | bool) -> bytes:
    if isinstance(value, bool):
        return b"\1" if value else b"\0"
    return struct.pack("<q", value) if isinstance(value, int) else value


def _joined(headers: HeaderMap, name: bytes) -> bytes | None:
    values = headers.get_all(name)
    return b",".join(values) if values else None


def _headers(headers: HeaderMap | None, rest: list[bytes]) -> bytes | None:
    """Return one header, its values joined by commas, or the whole map as pairs."""
    if headers is None:
        return None
    if rest:
        return _joined(headers, rest[0])
    names = dict.fromkeys(name for name, _ in headers.pairs)
    return encode_pairs((name, _joined(headers, name) or b"") for name in names)


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
    name = parts[0]
    headers = visible.request
    if name == b"headers":
        return _headers(headers, parts[1:])
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
        b"total_size": facts.request_headers_size + facts.request_size,
        b"headers_bytes": facts.request_headers_size,
    }
    return known.get(name)


def _response(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    name = parts[0]
    if name == b"headers":
        return _headers(visible.response, parts[1:])
    if name == b"trailers":
        trailers = visible.response_trailers
        return encode_pairs([]) if trailers is None else _headers(trailers, parts[1:])
    known: dict[bytes, _Value] = {
        b"code": facts.response_code,
        b"code_details": facts.response_code_details or None,
        b"flags": 0,
        b"size": facts.response_size,
        b"total_size": facts.response_headers_size + facts.response_size,
        b"headers_bytes": facts.response_headers_size,
    }
    return known.get(name)


def _address(address: tuple[str, int], name: bytes) -> _Value:
    host, port = address
    if name == b"address":
        return f"{host}:{port}".encode()
    return port if name == b"port" else None


def _source(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    return _address(facts.source, parts[0])


def _destination(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    return _address(facts.destination, parts[0])


def _connection(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del visible
    known: dict[bytes, _Value] = {
        b"id": facts.connection_id,
        b"mtls": False,
        b"requested_server_name": b"",
    }
    return known.get(parts[0])


def _xds(parts: list[bytes], facts: StreamFacts, visible: VisibleHeaders) -> _Value:
    del facts, visible
    known: dict[bytes, _Value] = {
        b"cluster_name": b"upstream",
        b"route_name": b"",
        b"virtual_host_name": b"all",
        b"listener_direction": 0,
    }
    return known.get(parts[0])


_GROUPS = {
    b"request": _request,
    b"response": _response,
    b"source": _source,
    b"destination": _destination,
    b"connection": _connection,
    b"xds": _xds,
}
