from __future__ import annotations

import pytest

from sdkhost import MemoryHost
from wasmkit.sdk import Headers, HostError, _host


@pytest.fixture
def host() -> MemoryHost:
    host = MemoryHost(maps={0: [(":path", "/a"), ("x-a", "1"), ("x-b", "2, 3"), ("x-a", "4")]})
    _host.bind(host)
    return host


@pytest.fixture
def headers(host: MemoryHost) -> Headers:
    del host
    return Headers(0)


def test_reading(headers: Headers) -> None:
    assert headers[":path"] == "/a"
    assert headers["X-A"] == "1", "the first value, in any case"
    assert headers.get("x-b") == "2, 3"
    assert headers.get("x-none") is None
    assert headers.get("x-none", 5) == 5
    assert headers.get_all("X-A") == ["1", "4"]
    assert headers.get_all("x-none") == []
    assert "X-B" in headers
    assert "x-none" not in headers
    assert 5 not in headers
    with pytest.raises(KeyError, match="x-none"):
        headers["x-none"]


def test_iterating_keeps_repeats(headers: Headers) -> None:
    items = [(":path", "/a"), ("x-a", "1"), ("x-b", "2, 3"), ("x-a", "4")]
    assert headers.items() == items
    assert list(headers) == headers.keys() == [":path", "x-a", "x-b", "x-a"]
    assert headers.values() == ["/a", "1", "2, 3", "4"]
    assert len(headers) == 4
    assert dict(headers) == {":path": "/a", "x-a": "1", "x-b": "2, 3"}
    assert repr(headers) == f"Headers({items!r})"


def test_setting_replaces_and_adding_does_not(host: MemoryHost, headers: Headers) -> None:
    headers["X-A"] = "5"
    headers.add("X-B", "6")
    assert host.maps[0] == [(":path", "/a"), ("x-b", "2, 3"), ("x-a", "5"), ("x-b", "6")]


def test_removing(host: MemoryHost, headers: Headers) -> None:
    del headers["X-A"]
    headers.remove("x-a")
    with pytest.raises(KeyError, match="x-a"):
        del headers["x-a"]
    assert headers.pop("x-b") == "2, 3"
    assert headers.pop("x-b", None) is None
    with pytest.raises(KeyError, match="x-b"):
        headers.pop("x-b")
    assert host.maps[0] == [(":path", "/a")]


def test_setdefault_and_update(host: MemoryHost, headers: Headers) -> None:
    assert headers.setdefault("x-a", "9") == "1"
    assert headers.setdefault("x-c", "9") == "9"
    headers.update({"x-a": "7"})
    headers.update([("x-d", "8")])
    assert host.maps[0][1:] == [("x-b", "2, 3"), ("x-c", "9"), ("x-a", "7"), ("x-d", "8")]


def test_nothing_is_copied_before_it_is_asked_for(host: MemoryHost, headers: Headers) -> None:
    headers["x-new"] = "1"
    assert host.calls == 2, "a replacement in memory is a removal and an addition"


def test_trailers_that_are_absent_are_empty(host: MemoryHost) -> None:
    del host
    trailers = Headers(1)
    assert trailers.items() == []
    assert not trailers
    with pytest.raises(HostError) as caught:
        trailers["x"]
    assert caught.value.status == 2


def test_bytes_that_are_no_utf8_come_back_as_they_were(host: MemoryHost, headers: Headers) -> None:
    host.maps[0] = [("x", "\udcff")]
    assert headers.items() == [("x", "\udcff")]
    headers["y"] = headers["x"] + "é\t"
    assert headers.get_all("y") == ["\udcffé\t"]


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "a\n", "\r", "a\0b"])
def test_a_value_cannot_split_the_message(headers: Headers, value: str) -> None:
    for put in (headers.__setitem__, headers.add, headers.setdefault):
        with pytest.raises(ValueError, match=r"x-new: .* CR, LF or NUL"):
            put("x-new", value)
    assert "x-new" not in headers


@pytest.mark.parametrize("name", ["", "a b", "a\n", "é", "\0"])
def test_a_name_is_checked(headers: Headers, name: str) -> None:
    with pytest.raises(ValueError, match="not a header name"):
        headers[name] = "1"


def test_a_value_is_text(headers: Headers) -> None:
    with pytest.raises(TypeError, match="int"):
        headers["x"] = 5  # type: ignore[assignment]  # that is the test
