from __future__ import annotations

import pytest

from wasmkit.http.headers import HeaderMap
from wasmkit.profiles import newest_envoy


def request_map(*pairs: tuple[bytes, bytes]) -> HeaderMap:
    return HeaderMap(pairs, joined=newest_envoy().headers.joined_in_requests, is_request=True)


def test_names_are_lower_cased_and_found_in_any_case() -> None:
    headers = request_map((b"X-One", b"1"))
    assert headers.pairs == [(b"x-one", b"1")]
    assert headers.get(b"x-ONE") == b"1"
    assert headers.get(b"x-two") is None


def test_get_gives_the_first_of_repeated_headers() -> None:
    headers = request_map((b"x", b"1"), (b"y", b"2"), (b"x", b"3"))
    assert headers.get(b"x") == b"1"
    assert headers.get_all(b"x") == [b"1", b"3"]


def test_replace_removes_all_and_adds_at_the_end() -> None:
    headers = request_map((b"x", b"1"), (b"y", b"2"), (b"x", b"3"))
    headers.replace(b"X", b"4")
    assert headers.pairs == [(b"y", b"2"), (b"x", b"4")]


def test_removing_what_is_absent_changes_nothing() -> None:
    headers = request_map((b"x", b"1"))
    headers.remove(b"y")
    assert headers.pairs == [(b"x", b"1")]


def test_pseudo_headers_stay_in_front() -> None:
    headers = request_map((b":method", b"GET"), (b"x", b"1"))
    headers.add(b":path", b"/")
    assert headers.pairs == [(b":method", b"GET"), (b":path", b"/"), (b"x", b"1")]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        pytest.param(b"accept", [b"1,2"], id="kept in a field"),
        pytest.param(b"x-custom", [b"1", b"2"], id="any other"),
        pytest.param(b"cookie", [b"1", b"2"], id="cookie"),
    ],
)
def test_a_second_value_is_joined_only_where_envoy_has_a_field(
    name: bytes, result: list[bytes]
) -> None:
    headers = request_map((name, b"1"))
    headers.add(name, b"2")
    assert headers.get_all(name) == result


def test_host_is_the_authority_of_a_request_and_nothing_special_in_a_response() -> None:
    headers = request_map((b":authority", b"a.test"))
    assert headers.get(b"Host") == b"a.test"
    headers.replace(b"host", b"b.test")
    assert headers.pairs == [(b":authority", b"b.test")]
    headers.remove(b"host")
    assert len(headers) == 0
    response = HeaderMap([(b"host", b"x")])
    assert response.pairs == [(b"host", b"x")]


def test_byte_size_counts_names_and_values() -> None:
    assert request_map((b"ab", b"cde"), (b"f", b"")).byte_size == 6


def test_replace_all_keeps_order_and_repetition() -> None:
    headers = request_map((b"x", b"1"))
    headers.replace_all([(b"B", b"1"), (b"a", b"2"), (b"b", b"3")])
    assert headers.pairs == [(b"b", b"1"), (b"a", b"2"), (b"b", b"3")]
