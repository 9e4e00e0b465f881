"""The attributes against Envoy's own page, and their wire form."""

from __future__ import annotations

import pytest

from wasmkit.abi.properties import GROUPS, PROPERTIES, Property, ValueType

# Envoy's "Attributes": group, then name and type; u is uint, d duration, t timestamp, m message.
ATTRIBUTES = """
    request.path s request.url_path s request.host s request.scheme s request.method s
    request.headers map request.headers_bytes i request.referer s request.useragent s
    request.time t request.id s request.protocol s request.query s request.duration d
    request.size i request.total_size i
    response.code i response.code_details s response.flags i response.grpc_status i
    response.headers map response.headers_bytes i response.trailers map response.size i
    response.total_size i response.backend_latency d
    source.address s source.port i destination.address s destination.port i
    connection.id u connection.mtls b connection.requested_server_name s
    connection.transport_failure_reason s connection.termination_details s
    upstream.address s upstream.num_endpoints u upstream.port i upstream.local_address s
    upstream.transport_failure_reason s upstream.request_attempt_count u
    upstream.cx_pool_ready_duration d upstream.locality m
    metadata m filter_state map upstream_filter_state map
    xds.node m xds.cluster_name s xds.cluster_metadata m xds.listener_direction i
    xds.listener_metadata m xds.route_name s xds.route_metadata m xds.virtual_host_name s
    xds.virtual_host_metadata m xds.upstream_host_metadata m
    xds.upstream_host_locality_metadata m xds.filter_chain_name s
    plugin_name s plugin_root_id s plugin_vm_id s connection_id u
"""
OF_TLS = """
    tls_version subject_local_certificate subject_peer_certificate dns_san_local_certificate
    dns_san_peer_certificate uri_san_local_certificate uri_san_peer_certificate
    sha256_peer_certificate_digest peer_certificate
"""
SHORT = {
    "s": ValueType.STRING,
    "i": ValueType.INT,
    "u": ValueType.UINT,
    "b": ValueType.BOOL,
    "t": ValueType.TIMESTAMP,
    "d": ValueType.DURATION,
    "m": ValueType.MESSAGE,
    "map": ValueType.MAP,
}


def test_every_attribute_has_its_type() -> None:
    words = ATTRIBUTES.split()
    expected = {name: SHORT[kind] for name, kind in zip(words[::2], words[1::2], strict=True)}
    for group in ("connection", "upstream"):
        expected |= {f"{group}.{name}": ValueType.STRING for name in OF_TLS.split()}
    assert {name: row.type for name, row in PROPERTIES.items()} == expected


def test_groups() -> None:
    names = {"request", "response", "source", "destination", "connection", "upstream", "xds"}
    assert names == GROUPS
    assert PROPERTIES["request.path"].path == b"request\0path"
    assert PROPERTIES["plugin_name"].path == b"plugin_name"
    assert all(isinstance(row, Property) and row.name == name for name, row in PROPERTIES.items())


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (ValueType.STRING, b"a", b"a"),
        (ValueType.INT, -1, b"\xff" * 8),
        (ValueType.UINT, (1 << 64) - 1, b"\xff" * 8),
        (ValueType.DURATION, 256, b"\0\1" + bytes(6)),
        (ValueType.BOOL, True, b"\1"),
        (ValueType.BOOL, False, b"\0"),
        (ValueType.MAP, b"\0\0\0\0", b"\0\0\0\0"),
    ],
)
def test_wire_form(kind: ValueType, value: bytes | int, expected: bytes) -> None:
    assert kind.serialise(value) == expected
