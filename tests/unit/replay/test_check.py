from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from messages import a_request, a_response, an_outcome
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log, Outcome
from wasmkit.replay.check import check
from wasmkit.replay.expectation import parse_expectations
from wasmkit.replay.result import Difference
from wasmkit.traffic.model import Exchange

EXCHANGE = Exchange(
    a_request("POST", "http", "a.example", "/p?q=1", (("x-in", "1"),), b"sent"),
    a_response(200, (("content-type", "text/plain"),), b"Tea\n"),
)
OUTCOME = an_outcome(
    upstream=a_request("PUT", "http", "a.example", "/new", (("x-in", "2"),), b"sent!"),
    client=a_response(
        201,
        (
            ("server", "envoy"),
            ("vary", "a"),
            ("vary", "b"),
            ("content-encoding", "gzip"),
        ),
        gzip.compress(b'{"a": [1, true]}', mtime=0),
    ),
    logs=(
        Log(LogLevel.INFO, b"hello"),
        Log(LogLevel.INFO, b"hello"),
        Log(LogLevel.WARN, b"odd"),
    ),
)
LOCAL = an_outcome(upstream=None, client=a_response(403, (), b"\xff\x00"))
UNCHANGED = an_outcome(upstream=EXCHANGE.request, client=EXCHANGE.response)


def differences(
    text: str, outcome: Outcome = OUTCOME, exchange: Exchange = EXCHANGE
) -> tuple[Difference, ...]:
    source = f"expect:\n  - all: true\n    {text}\n"
    read = parse_expectations(source.encode(), Path("tests/x.yaml"))
    return check(exchange, outcome, read.expectations)


HOLDS = [
    "response: {status: 201}",
    "response: {headers: {server: envoy, VARY: [a, b], absent: null}}",
    "response: {headers: {vary: {contains: b}}}",
    "response: {headers: {vary: {matches: '^[ab]$'}}}",
    "response: {body: '{\"a\": [1, true]}'}",
    "response: {body: {json: {a: [1, true]}, contains: 'a', matches: '^..a'}}",
    "upstream: {reached: true, method: PUT, path: /new, headers: {x-in: 2}, body: sent!}",
    "logs: [{contains: hello}, {level: info, times: 2}, {contains: bye, times: 0}, {times: 3}]",
    "trap: false",
]


@pytest.mark.parametrize("text", HOLDS)
def test_what_holds(text: str) -> None:
    assert differences(text) == ()


FAILS = [
    ("response: {status: 200}", "response.status", "200", "201"),
    ("response: {headers: {server: other}}", "response.headers.server", "other", "envoy"),
    ("response: {headers: {server: null}}", "response.headers.server", "(absent)", "envoy"),
    ("response: {headers: {x-none: a}}", "response.headers.x-none", "a", None),
    ("response: {headers: {vary: a}}", "response.headers.vary", "a", "[a, b]"),
    ("response: {headers: {vary: [b, a]}}", "response.headers.vary", "[b, a]", "[a, b]"),
    (
        "response: {headers: {vary: {contains: c}}}",
        "response.headers.vary",
        "contains 'c'",
        "[a, b]",
    ),
    ("response: {headers: {none: {matches: .*}}}", "response.headers.none", "matches .*", None),
    ("response: {body: Tea}", "response.body", "Tea", '{"a": [1, true]}'),
    ("response: {body: ''}", "response.body", "an empty body", '{"a": [1, true]}'),
    ("response: {body: {contains: Z}}", "response.body", "contains 'Z'", '{"a": [1, true]}'),
    ("response: {body: {matches: ^a}}", "response.body", "matches ^a", '{"a": [1, true]}'),
    (
        "response: {body: {json: {a: [1, 1]}}}",
        "response.body.json",
        "equal JSON",
        '{"a": [1, true]}',
    ),
    ("response: {body: {json: null}}", "response.body.json", "equal JSON", '{"a": [1, true]}'),
    ("response: {body: {unchanged: true}}", "response.body", "as recorded", None),
    ("upstream: {reached: false}", "upstream.reached", "no request", "PUT /new"),
    ("upstream: {method: POST}", "upstream.method", "POST", "PUT"),
    ("upstream: {path: /}", "upstream.path", "/", "/new"),
    ("upstream: {headers: {x-in: 1}}", "upstream.headers.x-in", "1", "2"),
    ("upstream: {body: {unchanged: true}}", "upstream.body", "as recorded", "sent!"),
    ("trap: true", "trap", "the module traps", None),
    ("logs: [{contains: bye}]", "logs", "a line of any level that contains 'bye'", None),
    (
        "logs: [{level: warn, contains: hello}]",
        "logs",
        "a line of warn that contains 'hello'",
        "0 of 3 lines fit",
    ),
    ("logs: [{times: 0}]", "logs", "0 line(s) of any level that anything", "3 of 3 lines fit"),
]


@pytest.mark.parametrize(("text", "field", "expected", "got"), FAILS, ids=[f[0] for f in FAILS])
def test_every_expectation_can_fail(text: str, field: str, expected: str, got: str | None) -> None:
    (difference,) = differences(text)
    assert (difference.field, difference.expected) == (field, expected)
    if got is not None:
        assert difference.got == got
    assert difference.place == "x.yaml:3"


@pytest.mark.parametrize("rule", ["reached: true", "path: /", "headers: {a: null}"])
def test_a_local_reply_reaches_no_upstream(rule: str) -> None:
    (difference,) = differences(f"upstream: {{{rule}}}", LOCAL)
    assert (difference.field, difference.got) == ("upstream", None)
    assert differences("upstream: {reached: false}", LOCAL) == ()


def test_unchanged_bodies() -> None:
    text = "response: {body: {unchanged: true}}\n    upstream: {body: {unchanged: true}}"
    assert differences(text, UNCHANGED) == ()


def test_a_body_that_is_no_text_or_json() -> None:
    (difference,) = differences("response: {body: {json: {}}}", LOCAL)
    assert difference.got is not None
    assert difference.got.startswith("2 bytes: ff 00 (is not JSON: ")
    (difference,) = differences("response: {body: {unchanged: true}}", LOCAL)
    assert difference.detail == (
        "expected 4 bytes, got 2; the first difference is at byte 0",
        "-54 65 61 0a",
        "+ff 00",
    )


RAISED = Log(
    LogLevel.ERROR,
    b"on_request_headers failed in context 2:\n"
    b'Traceback (most recent call last):\n  File "f.py"\n'
    b"KeyError: 'x'\n",
)
FAILED = an_outcome(upstream=None, client=a_response(500), logs=(RAISED,))
TRAPPED = an_outcome(upstream=None, client=a_response(503), trap="unreachable\n  0: f\n  1: g")


def test_an_exception_fails_without_any_expectation() -> None:
    (difference,) = check(EXCHANGE, FAILED, ())
    assert difference == Difference("logs", "no exception", "KeyError: 'x'")


def test_a_trap_fails_without_any_expectation() -> None:
    (difference,) = check(EXCHANGE, TRAPPED, ())
    assert (difference.field, difference.got) == ("trap", "unreachable")
    assert difference.detail == ("  0: f", "  1: g")


def test_what_is_expected_does_not_fail() -> None:
    assert differences("trap: true", TRAPPED) == ()
    assert differences("logs: [{level: error, contains: KeyError}]", FAILED) == ()
    assert [
        each.field for each in differences("logs: [{contains: KeyError, times: 0}]", FAILED)
    ] == [
        "logs",
        "logs",
    ]


def test_an_error_that_is_only_logged_is_the_authors_business() -> None:
    logged = an_outcome(None, a_response(200), logs=(Log(LogLevel.ERROR, b"refused"),))
    assert check(EXCHANGE, logged, ()) == ()
