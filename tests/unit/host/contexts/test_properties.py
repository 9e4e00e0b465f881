"""Attributes are serialised as Envoy does; what cannot be known is not found."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest

from wasmkit.abi.constants import Status
from wasmkit.abi.pairs import decode_pairs, encode_pairs
from wasmkit.abi.properties import PROPERTIES, Property, ValueType
from wasmkit.host.contexts.properties import StreamFacts, VisibleHeaders, find_property
from wasmkit.host.protocol import CallError
from wasmkit.http.headers import HeaderMap

FACTS = StreamFacts(
    connection_id=7,
    source=("10.0.0.1", 99),
    started=5,
    request_size=3,
    response_code=404,
    response_code_details=b"via_upstream",
    kept={b"mine": b"1"},
)
VISIBLE = VisibleHeaders(
    HeaderMap([(b":path", b"/a?b=c#d"), (b"x", b"1"), (b"x", b"2")]),
    HeaderMap([(b":status", b"404")]),
    HeaderMap([(b"grpc-status", b"5")]),
)


def path(text: str) -> bytes:
    return text.replace(" ", "\0").encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request path", b"/a?b=c#d"),
        ("request url_path", b"/a"),
        ("request query", b"b=c"),
        ("request headers x", b"1,2"),
        ("request headers", encode_pairs([(b":path", b"/a?b=c#d"), (b"x", b"1,2")])),
        ("request time", struct.pack("<q", 5)),
        ("request size", struct.pack("<q", 3)),
        ("request total_size", struct.pack("<q", 20)),
        ("response code", struct.pack("<q", 404)),
        ("response code_details", b"via_upstream"),
        ("response grpc_status", struct.pack("<q", 12)),
        ("response trailers grpc-status", b"5"),
        ("source address", b"10.0.0.1:99"),
        ("source port", struct.pack("<q", 99)),
        ("connection id", struct.pack("<q", 7)),
        ("connection mtls", b"\0"),
        ("connection_id", struct.pack("<Q", 7)),
        ("metadata", b""),
        ("xds virtual_host_name", b"all"),
        ("mine", b"1"),
        ("filter_state wasm.mine", b"1"),
        ("request path ", b"/a?b=c#d"),
    ],
)
def test_values(name: str, value: bytes) -> None:
    assert find_property(path(name), FACTS, VISIBLE) == value


@pytest.mark.parametrize("name", ["request", "response", "source", "filter_state"])
def test_a_whole_group_cannot_be_serialised(name: str) -> None:
    with pytest.raises(CallError) as caught:
        find_property(path(name), FACTS, VISIBLE)
    assert caught.value.status is Status.SERIALIZATION_FAILURE


@pytest.mark.parametrize(
    "name",
    ["request nonsense", "request path x", "request referer", "source x", "upstream address"],
)
def test_what_a_group_does_not_have_is_not_found(name: str) -> None:
    with pytest.raises(CallError) as caught:
        find_property(path(name), FACTS, VISIBLE)
    assert caught.value.status is Status.NOT_FOUND


@pytest.mark.parametrize("name", ["nonsense", "nonsense x", "mine x", "request.path"])
def test_an_unknown_group_is_left_to_others(name: str) -> None:
    assert find_property(path(name), FACTS, VISIBLE) is None


def test_headers_that_are_out_of_reach() -> None:
    nothing = VisibleHeaders()
    assert find_property(path("request headers"), FACTS, nothing) == encode_pairs([])
    with pytest.raises(CallError):
        find_property(path("request headers x"), FACTS, nothing)
    with pytest.raises(CallError):
        find_property(path("request query"), FACTS, nothing)


@pytest.mark.parametrize("row", PROPERTIES.values(), ids=lambda row: row.name)
def test_a_value_has_the_type_that_the_abi_says(row: Property) -> None:
    value = None
    with suppress(CallError):
        value = find_property(row.path, FACTS, VISIBLE)
    if value is None:
        return
    if row.type is ValueType.BOOL:
        assert value in (b"\0", b"\1")
    elif row.type is ValueType.MAP:
        decode_pairs(value)
    elif row.type not in (ValueType.STRING, ValueType.MESSAGE):
        assert len(value) == 8
