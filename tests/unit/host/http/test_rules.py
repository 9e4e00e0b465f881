"""What Envoy does around its filters, where that can be said in a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from wasmkit.host.contexts.manager import LocalReply
from wasmkit.host.http.rules import (
    Delivery,
    finish_response,
    local_reply,
    received_request,
    request_fault,
    sent_request,
    sent_response,
)
from wasmkit.http.headers import HeaderMap
from wasmkit.profiles import newest_envoy

if TYPE_CHECKING:
    from wasmkit.http.message import Pair

RULES = newest_envoy().headers
BASE: tuple[Pair, ...] = (
    (b":authority", b"a.test"),
    (b":path", b"/"),
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b"x-forwarded-proto", b"http"),
)


def test_a_request_gets_a_number_and_loses_what_only_proxies_say() -> None:
    headers = received_request(
        (*BASE, (b"x-envoy-internal", b"true"), (b"x-own", b"1")), RULES, bytes
    )
    assert headers.get(b"x-envoy-internal") is None
    assert headers.get(b"x-own") == b"1"
    assert headers.get(b"x-request-id") == b"00000000-0000-4000-8000-000000000000"


def test_a_request_keeps_its_number() -> None:
    headers = received_request((*BASE, (b"x-request-id", b"mine")), RULES, bytes)
    assert headers.get_all(b"x-request-id") == [b"mine"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param((b":path", None), (404, b""), id="no path"),
        pytest.param((b"x-forwarded-proto", None), (404, b""), id="no scheme to route by"),
        pytest.param(
            (b":method", None), (503, b"missing required header: :method"), id="no method"
        ),
        pytest.param((b"bad name", b""), (503, b"invalid header name: bad name"), id="bad name"),
        pytest.param((b"x", b"\n"), (503, b"invalid header value for: x"), id="bad value"),
        pytest.param((b"x", b"\t\xff"), None, id="odd but allowed"),
        pytest.param((b"", b"x"), None, id="no name"),
    ],
)
def test_what_the_router_does_not_send(
    change: tuple[bytes, bytes | None], fault: tuple[int, bytes] | None
) -> None:
    headers = HeaderMap(BASE, is_request=True)
    name, value = change
    headers.remove(name)
    if value is not None:
        headers.add(name, value)
    reply = request_fault(headers)
    assert (reply and (reply.status, reply.body)) == fault


@pytest.mark.parametrize(
    ("length", "body", "delivery", "received"),
    [
        pytest.param(b"4", b"body", Delivery.COMPLETE, b"body", id="right"),
        pytest.param(b"2", b"body", Delivery.COMPLETE, b"bo", id="too short a length"),
        pytest.param(b"9", b"body", Delivery.WAITING, b"body", id="too long a length"),
        pytest.param(b"4,4", b"body", Delivery.REFUSED, b"body", id="two lengths"),
        pytest.param(b"9" * 30, b"body", Delivery.REFUSED, b"body", id="a huge length"),
        pytest.param(None, b"body", Delivery.COMPLETE, b"body", id="chunked"),
    ],
)
def test_an_upstream_believes_the_length(
    length: bytes | None, body: bytes, delivery: Delivery, received: bytes
) -> None:
    headers = HeaderMap(BASE, is_request=True)
    if length is not None:
        headers.add(b"content-length", length)
    result, message = sent_request(headers, body, None, RULES, headers_only=False)
    assert (result, message.body) == (delivery, received)


@pytest.mark.parametrize(
    ("method", "added"), [(b"GET", False), (b"DELETE", False), (b"POST", True), (b"X", True)]
)
def test_an_empty_body_is_announced_where_one_could_be(method: bytes, *, added: bool) -> None:
    headers = HeaderMap(BASE, is_request=True)
    headers.replace(b":method", method)
    _, message = sent_request(headers, b"", None, RULES, headers_only=True)
    assert ((b"content-length", b"0") in message.headers) is added


@pytest.mark.parametrize(
    ("reply", "pairs", "body"),
    [
        pytest.param(
            LocalReply(403, b"no", ((b"X-A", b"1"),)),
            [
                (b":status", b"403"),
                (b"x-a", b"1"),
                (b"content-length", b"2"),
                (b"content-type", b"text/plain"),
            ],
            b"no",
            id="text",
        ),
        pytest.param(
            LocalReply(403, b"{}", ((b"content-type", b"application/json"),)),
            [
                (b":status", b"403"),
                (b"content-type", b"application/json"),
                (b"content-length", b"2"),
            ],
            b"{}",
            id="another type",
        ),
        pytest.param(
            LocalReply(403, b"", ((b"content-type", b"a/b"), (b"content-length", b"9"))),
            [(b":status", b"403")],
            b"",
            id="no body",
        ),
    ],
)
def test_local_replies(reply: LocalReply, pairs: list[Pair], body: bytes) -> None:
    headers, sent = local_reply(reply, RULES, is_head=False, is_grpc=False)
    assert (headers.pairs, sent) == (pairs, body)


def test_a_local_reply_to_head_has_the_length_and_no_body() -> None:
    headers, body = local_reply(LocalReply(403, b"no"), RULES, is_head=True, is_grpc=False)
    assert headers.get(b"content-length") == b"2"
    assert body == b""


@pytest.mark.parametrize(
    ("reply", "status", "message"),
    [
        (LocalReply(403, b"no 1%\n"), b"7", b"no 1%25%0A"),
        (LocalReply(418), b"2", None),
        (LocalReply(200, grpc_status=5), b"5", None),
        (LocalReply(403, headers=((b"grpc-status", b"9"),)), b"9", None),
    ],
)
def test_local_replies_in_grpc(reply: LocalReply, status: bytes, message: bytes | None) -> None:
    headers, body = local_reply(reply, RULES, is_head=False, is_grpc=True)
    assert headers.get(b":status") == b"200"
    assert headers.get(b"content-type") == b"application/grpc"
    assert headers.get(b"grpc-status") == status
    assert headers.get(b"grpc-message") == message
    assert body == b""


def test_a_response_is_finished() -> None:
    headers = HeaderMap([(b"connection", b"x"), (b"transfer-encoding", b"chunked"), (b"a", b"b")])
    finish_response(headers, HeaderMap(), RULES, request_complete=False, now=0)
    assert [name for name, _ in headers.pairs] == [b"a", b"date", b"connection"]
    assert headers.get(b"connection") == b"close"
    assert headers.get(b"date") == b"Thu, 01 Jan 1970 00:00:00 GMT"


def test_a_response_gets_a_date_where_the_profile_says_so() -> None:
    rules = replace(RULES, added_to_responses=frozenset[bytes]())
    headers = HeaderMap([(b"a", b"b")])
    finish_response(headers, HeaderMap(), rules, request_complete=True, now=0)
    assert headers.pairs == [(b"a", b"b")]


@pytest.mark.parametrize(
    ("status", "is_head", "sent"),
    [
        pytest.param(b"200", False, (((b"content-length", b"0"),), b""), id="no body"),
        pytest.param(b"200", True, ((), b""), id="to HEAD"),
        pytest.param(b"204", False, ((), b""), id="204"),
        pytest.param(b"99", False, None, id="no status"),
    ],
)
def test_a_response_of_headers(
    status: bytes, sent: tuple[tuple[Pair, ...], bytes] | None, *, is_head: bool
) -> None:
    headers = HeaderMap([(b":status", status)])
    message = sent_response(headers, b"", None, is_head=is_head, headers_only=True)
    assert (message and (message.headers[1:], message.body)) == sent


def test_a_line_break_in_a_response_makes_another_header() -> None:
    headers = HeaderMap([(b":status", b"200"), (b"x", b" a\r\nInjected: 1 ")])
    message = sent_response(headers, b"b", None, is_head=False, headers_only=False)
    assert message is not None
    assert message.headers[1:] == ((b"x", b"a"), (b"injected", b"1"))
