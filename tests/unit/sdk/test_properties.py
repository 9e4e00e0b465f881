"""Attributes by type; the bytes are those measured in Envoy 1.40 (request.size 0, …)."""

from __future__ import annotations

import pytest

from sdkhost import MemoryHost
from wasmkit.abi.pairs import encode_pairs
from wasmkit.sdk import HostError, Properties, _host

ATTRIBUTES = {
    b"request\0path": b"/a",
    b"request\0size": (0).to_bytes(8, "little"),
    b"response\0flags": (-5).to_bytes(8, "little", signed=True),
    b"connection\0mtls": b"\0",
    b"connection\0other": b"\1",
    b"request\0time": (1_700_000_000_500_000_000).to_bytes(8, "little"),
    b"request\0duration": (2_500_000).to_bytes(8, "little"),
    b"request\0headers": encode_pairs([(b"a", b"1"), (b"b", b"\xff")]),
    b"response\0trailers": b"\0\0\0\0",
    b"request\0useragent": b"\xff",
}


@pytest.fixture
def properties() -> Properties:
    _host.bind(MemoryHost(attributes=dict(ATTRIBUTES)))
    return Properties(lambda: None)


@pytest.mark.parametrize(
    ("getter", "path", "value"),
    [
        ("get", ("request", "path"), b"/a"),
        ("get_str", ("request", "path"), "/a"),
        ("get_str", ("request", "useragent"), "\udcff"),
        ("get_int", ("request", "size"), 0),
        ("get_int", ("response", "flags"), -5),
        ("get_bool", ("connection", "mtls"), False),
        ("get_bool", ("connection", "other"), True),
        ("get_timestamp", ("request", "time"), 1_700_000_000.5),
        ("get_duration", ("request", "duration"), 0.0025),
        ("get_pairs", ("request", "headers"), [("a", "1"), ("b", "\udcff")]),
        ("get_pairs", ("response", "trailers"), []),
        *[(f"get{kind}", ("request.path",), None) for kind in ("", "_str", "_int", "_bool")],
        *[(f"get_{kind}", ("no",), None) for kind in ("timestamp", "duration", "pairs")],
    ],
)
def test_properties_are_read_by_type(
    properties: Properties, getter: str, path: tuple[str, ...], value: object
) -> None:
    assert getattr(properties, getter)(*path) == value


@pytest.mark.parametrize("getter", ["get_int", "get_bool", "get_duration", "get_pairs"])
def test_a_property_of_another_type(properties: Properties, getter: str) -> None:
    with pytest.raises(ValueError, match=r"request\.path is not of the type \w+: 2 bytes, b'/a'"):
        getattr(properties, getter)("request", "path")


def test_a_group_of_properties_is_the_hosts_error(properties: Properties) -> None:
    with pytest.raises(HostError, match="status 3"):
        properties.get("request")


def test_a_property_can_be_set(properties: Properties) -> None:
    properties.set("team", "blau")
    properties.set("raw", b"\xff")
    assert properties.get_str("team") == "blau"
    assert properties.get("raw") == b"\xff"


def test_the_context_is_switched_before_each_call() -> None:
    events: list[str] = []

    class Host(MemoryHost):
        def proxy_get_property(self, path: bytes, /) -> bytes | None:
            events.append(f"get {path.decode()}")
            return None

        def proxy_set_property(self, path: bytes, value: bytes, /) -> None:
            events.append(f"set {path.decode()} {value.decode()}")

    _host.bind(Host())
    properties = Properties(lambda: events.append("switch"))
    properties.get_int("a", "b")
    properties.set("c", "d")
    assert events == ["switch", "get a\0b", "switch", "set c d"]
