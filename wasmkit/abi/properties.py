"""Every attribute that ``proxy_get_property`` finds, one row each: its type, and when it is there.

Names and types are those of Envoy's page "Attributes"; when one is there was measured on Envoy
1.40, in a filter of HTTP over plain connections. A path's parts are separated by NUL.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["GROUPS", "PROPERTIES", "Availability", "Property", "ValueType"]


class ValueType(StrEnum):
    """How a value is serialised."""

    STRING = "string"
    """Its bytes."""
    INT = "int"
    """Eight bytes, little endian; so are the next four."""
    UINT = "uint"
    TIMESTAMP = "timestamp"
    """Nanoseconds since 1970."""
    DURATION = "duration"
    """Nanoseconds."""
    BOOL = "bool"
    """One byte."""
    MESSAGE = "message"
    """A Protocol Buffers message."""
    MAP = "map"
    """Pairs as header maps have (``wasmkit.abi.pairs``); a further part of the path picks one."""

    def serialise(self, value: bytes | int) -> bytes:
        """Return a value as a guest gets it; maps and messages are bytes already."""
        if isinstance(value, bytes):
            return value
        if self is ValueType.BOOL:
            return b"\1" if value else b"\0"
        return struct.pack("<Q" if self is ValueType.UINT else "<q", value)


class Availability(StrEnum):
    """When an attribute is there."""

    ALWAYS = "always"
    REQUEST = "while the request passes, and in on_log"
    RESPONSE = "from the response's headers on"
    ROUTE = "once there is a route"
    ROUTED = "once an upstream is chosen"
    TLS = "where the connection is TLS"
    END = "in on_log"
    FAILURE = "where something failed"


@dataclass(frozen=True, slots=True)
class Property:
    """An attribute; ``name`` has dots where a path has NUL."""

    name: str
    type: ValueType
    when: Availability

    @property
    def path(self) -> bytes:
        """The path to it, as ``proxy_get_property`` takes it."""
        return self.name.replace(".", "\0").encode()


_TLS = (
    "tls_version subject_local_certificate subject_peer_certificate dns_san_local_certificate"
    " dns_san_peer_certificate uri_san_local_certificate uri_san_peer_certificate"
    " sha256_peer_certificate_digest peer_certificate"
)
_T, _W = ValueType, Availability
_ROWS = (
    (
        "request",
        _T.STRING,
        _W.REQUEST,
        "path url_path host scheme method referer useragent id query",
    ),
    ("request", _T.STRING, _W.ALWAYS, "protocol"),
    ("request", _T.TIMESTAMP, _W.ALWAYS, "time"),
    ("request", _T.MAP, _W.REQUEST, "headers"),
    ("request", _T.INT, _W.ALWAYS, "headers_bytes size total_size"),
    ("request", _T.DURATION, _W.END, "duration"),
    ("response", _T.INT, _W.RESPONSE, "code grpc_status"),
    ("response", _T.STRING, _W.RESPONSE, "code_details"),
    ("response", _T.INT, _W.ALWAYS, "flags headers_bytes size total_size"),
    ("response", _T.MAP, _W.RESPONSE, "headers trailers"),
    ("response", _T.DURATION, _W.END, "backend_latency"),
    ("source", _T.STRING, _W.ALWAYS, "address"),
    ("source", _T.INT, _W.ALWAYS, "port"),
    ("destination", _T.STRING, _W.ALWAYS, "address"),
    ("destination", _T.INT, _W.ALWAYS, "port"),
    ("connection", _T.UINT, _W.ALWAYS, "id"),
    ("connection", _T.BOOL, _W.ALWAYS, "mtls"),
    ("connection", _T.STRING, _W.ALWAYS, "requested_server_name"),
    ("connection", _T.STRING, _W.TLS, _TLS),
    ("connection", _T.STRING, _W.FAILURE, "transport_failure_reason termination_details"),
    ("upstream", _T.UINT, _W.ROUTE, "num_endpoints"),
    ("upstream", _T.UINT, _W.ALWAYS, "request_attempt_count"),
    ("upstream", _T.STRING, _W.ROUTED, "address local_address transport_failure_reason"),
    ("upstream", _T.INT, _W.ROUTED, "port"),
    ("upstream", _T.DURATION, _W.ROUTED, "cx_pool_ready_duration"),
    ("upstream", _T.MESSAGE, _W.ROUTED, "locality"),
    ("upstream", _T.STRING, _W.TLS, _TLS),
    ("xds", _T.MESSAGE, _W.ALWAYS, "node listener_metadata"),
    ("xds", _T.INT, _W.ALWAYS, "listener_direction"),
    ("xds", _T.STRING, _W.ALWAYS, "virtual_host_name filter_chain_name"),
    ("xds", _T.STRING, _W.ROUTE, "cluster_name route_name"),
    ("xds", _T.MESSAGE, _W.ROUTE, "cluster_metadata route_metadata virtual_host_metadata"),
    ("xds", _T.MESSAGE, _W.ROUTED, "upstream_host_metadata upstream_host_locality_metadata"),
    ("", _T.MESSAGE, _W.ALWAYS, "metadata"),
    ("", _T.MAP, _W.ALWAYS, "filter_state"),
    ("", _T.MAP, _W.ROUTED, "upstream_filter_state"),
    ("", _T.STRING, _W.ALWAYS, "plugin_name plugin_root_id plugin_vm_id"),
    ("", _T.UINT, _W.ALWAYS, "connection_id"),
)

PROPERTIES = {
    row.name: row
    for group, kind, when, names in _ROWS
    for row in (Property(f"{group}.{name}".lstrip("."), kind, when) for name in names.split())
}
"""Every attribute by its name with dots."""

GROUPS = frozenset(name.partition(".")[0] for name in PROPERTIES if "." in name)
"""First parts that have no value of their own: asked for alone, they cannot be serialised."""
