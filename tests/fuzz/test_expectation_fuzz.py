"""Whatever the bytes, an expectation file is read or refused with ``InputError``, and soon."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from messages import a_request, a_response, an_outcome
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log
from wasmkit.errors import InputError
from wasmkit.replay.check import check
from wasmkit.replay.expectation import parse_expectations
from wasmkit.traffic.model import Exchange

FILE = Path("x.yaml")
EXCHANGE = Exchange(
    a_request("GET", "http", "a.example", "/\udcff?q", (("a", "\udcff"),), b"\xff"),
    a_response(200, (("a", "b"),), b"Tea"),
)
OUTCOMES = [
    an_outcome(None, None, trap="x"),
    an_outcome(
        a_request("GET", "http", "a.example", "/", (("a", "\udcff"),), b"\x00\xff"),
        a_response(
            200, (("content-encoding", "gzip"), ("a", "1")), gzip.compress(b'{"a": "\\ud800"}')
        ),
        (Log(LogLevel.ERROR, b"Traceback (most recent call last):\n\xff"),),
    ),
]
REAL = b"""
recording: shop.har
config: {header: x-hello}
expect:
  - request: GET /*?a=b
    response:
      status: 200
      headers: {x-hello: world, server: null, vary: [a, b], etag: {matches: "^a+$"}}
      body: {contains: Tea, json: {a: [1, null]}, unchanged: true}
    upstream: {reached: true, method: GET, path: /, headers: {a: b}, body: x}
    logs: [{level: info, contains: x, matches: y, times: 0}]
    trap: true
  - all: true
    trap: false
  - exchange: 1
    response: {body: ""}
"""
TEXT = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["(a+)+$", "(", "GET /", "* http://*", "[\\p{L}]", "\\C", "(?P<a>x)"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def some(**fields: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=fields)


RULE = some(contains=TEXT, matches=TEXT, json=ANYTHING, unchanged=st.just(value=True))
MESSAGE = some(
    status=st.integers(0, 600),
    reached=st.booleans(),
    method=TEXT,
    path=TEXT,
    headers=st.dictionaries(
        st.sampled_from(["a", "X-B"]) | TEXT, TEXT | st.none() | st.lists(TEXT) | RULE, max_size=2
    ),
    body=TEXT | RULE,
)
WHICH = st.sampled_from([{"all": True}, {"request": "* /*"}, {"exchange": 1}]) | some(
    request=TEXT, exchange=st.integers(-1, 2)
)
RULES = some(
    response=MESSAGE,
    upstream=MESSAGE,
    logs=st.lists(
        some(level=TEXT, contains=TEXT, matches=TEXT, times=st.integers(-1, 2)), max_size=2
    ),
    trap=st.booleans(),
)
EXPECTATION = st.builds(lambda which, rules: which | rules, WHICH, RULES)


def use(data: bytes) -> None:
    try:
        read = parse_expectations(data, FILE)
    except InputError:
        return
    for expectation in read.expectations:
        expectation.selector.fits(1, EXCHANGE.request)
    for outcome in OUTCOMES:
        for difference in check(EXCHANGE, outcome, read.expectations):
            assert difference.expected is not None


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbfexpect: []")
@example(b"a: &a [*a]")
@example(b"!!python/object/apply:os.system [x]")
@example(b"\xff\xfea\0")
def test_any_bytes(data: bytes) -> None:
    use(data)


@given(st.text(st.sampled_from("ab:-?!&*|>%@`[]{},#'\"\\ \n\t<=~"), max_size=60))
def test_any_yaml(text: str) -> None:
    use(text.encode())


@given(st.integers(0, len(REAL) - 1), st.binary(min_size=1, max_size=5))
def test_a_real_one_with_a_few_bytes_changed(at: int, data: bytes) -> None:
    use(REAL[:at] + data + REAL[at + len(data) :])


@settings(max_examples=400)
@given(st.lists(EXPECTATION | ANYTHING, max_size=3), ANYTHING)
def test_almost_an_expectation_file(items: list[object], config: object) -> None:
    use(json.dumps({"config": config, "expect": items}).encode())
