from __future__ import annotations

import os
from pathlib import Path

import jsonschema
import pytest

from messages import a_request
from wasmkit.abi.constants import LogLevel
from wasmkit.errors import InputError
from wasmkit.replay.expectation import (
    Expectation,
    Selector,
    expectation_schema,
    parse_expectations,
    read_expectations,
)

FILE = Path("tests/x.yaml")


def one(text: str) -> Expectation:
    indented = text.strip("\n").replace("\n", "\n    ")
    (expectation,) = parse_expectations(f"expect:\n  - {indented}\n".encode(), FILE).expectations
    return expectation


def test_a_whole_file() -> None:
    read = parse_expectations(
        b"""
recording: shop.har
config: {header: x-hello, on: no, times: [1, 2.5, null, true]}
expect:
  - request: GET /
    response:
      status: 200
      headers:
        X-Hello: world
        server: null
        vary: [Accept-Encoding, Cookie]
        content-length: 42
        etag: {matches: '^"[a-z]+"$'}
      body: {contains: Tea, json: {a: 1}, unchanged: true}
    upstream: {reached: true, method: GET, path: '/?a=1', body: text}
    logs:
      - {level: info, contains: hello, times: 0}
      - {matches: a+}
    trap: true
""",
        FILE,
    )
    assert read.recording == "shop.har"
    assert read.config == ({"header": "x-hello", "on": "no", "times": [1, 2.5, None, True]},)
    (expectation,) = read.expectations
    assert expectation.trap
    response, upstream = expectation.response, expectation.upstream
    assert response is not None
    assert upstream is not None
    assert response.status == 200
    assert [(rule.name, rule.values) for rule in response.headers] == [
        (b"x-hello", (b"world",)),
        (b"server", ()),
        (b"vary", (b"Accept-Encoding", b"Cookie")),
        (b"content-length", (b"42",)),
        (b"etag", ()),
    ]
    assert response.headers[4].text is not None
    assert response.body is not None
    assert (response.body.json, response.body.unchanged) == (({"a": 1},), True)
    assert (upstream.reached, upstream.method, upstream.path) == (True, b"GET", b"/?a=1")
    assert upstream.body is not None
    assert upstream.body.equals == b"text"
    assert [(rule.level, rule.times) for rule in expectation.logs] == [
        (LogLevel.INFO, 0),
        (None, None),
    ]
    assert expectation.place("response", "headers", "server") == "x.yaml:10"


@pytest.mark.parametrize(
    ("text", "fits", "fits_not"),
    [
        ("GET /", ["GET /", "GET /?a=1"], ["POST /", "GET /x", "GET //"]),
        ("* /", ["GET /", "POST /"], ["GET /x"]),
        ("GET /api/*", ["GET /api/", "GET /api/a/b?c"], ["GET /api", "GET /x/api/"]),
        ("GET /a?b=*", ["GET /a?b=", "GET /a?b=1&c"], ["GET /a", "GET /a?c&b=1"]),
        ("GET *.png", ["GET /a/b.png", "GET /a.png?x"], ["GET /a.png/b", "GET /apng"]),
        ("GET https://a.example/*", [], ["GET /"]),
        ("GET http://a.example/*", ["GET /", "GET /x?y"], ["POST /"]),
        ("GET *://a.*/x", ["GET /x", "GET /x?y"], ["GET /"]),
        ("GET /(a+)+$[b]", ["GET /(a+)+$[b]"], ["GET /aa"]),
    ],
)
def test_which_requests_are_meant(text: str, fits: list[str], fits_not: list[str]) -> None:
    selector = Selector.of_request(text)
    for titles, expected in ((fits, True), (fits_not, False)):
        for title in titles:
            method, path = title.split(" ")
            assert selector.fits(1, a_request(method, "http", "a.example", path)) is expected, title


def test_all_and_one_by_number() -> None:
    request = a_request("GET", "http", "a.example", "/")
    everything = one("all: true\ntrap: false").selector
    assert [everything.fits(number, request) for number in (1, 2)] == [True, True]
    second = one("exchange: 2\ntrap: false").selector
    assert [second.fits(number, request) for number in (1, 2)] == [False, True]


ERRORS = [
    ("", "x.yaml:1: must be an object, not null"),
    ("expect: []", "x.yaml:1: expect: "),
    ("recording: a.har", "x.yaml:1: expect: is missing"),
    ("recording: ../a.har\nexpect: [{all: true, trap: true}]", "x.yaml:1: recording: "),
    ("expext: []\nexpect: []", "x.yaml:1: expext: unknown key | did you mean 'expect'?"),
    (
        "expect:\n  - all: true\n    respons: {}",
        "x.yaml:3: expect[0].respons: unknown key | did you mean 'response'?",
    ),
    (
        "expect:\n  - all: true\n    response:\n      header: {}",
        "x.yaml:4: expect[0].response.header: unknown key | did you mean 'headers'?",
    ),
    (
        "expect:\n  - all: true\n    response: {body: {unchnged: true}}",
        "x.yaml:3: expect[0].response.body.unchnged: unknown key | did you mean 'unchanged'?",
    ),
    (
        "expect:\n  - all: true\n    response:\n      status: '200'",
        'x.yaml:4: expect[0].response.status: must be an integer, not "200"',
    ),
    (
        "expect:\n  - all: true\n    response:\n      headers: {x: true}",
        "x.yaml:4: expect[0].response.headers.x: must be a string or an integer",
    ),
    (
        "expect:\n  - all: true\n    response:\n      headers: {x: [1]}",
        "x.yaml:4: expect[0].response.headers.x[0]: must be a string, not 1",
    ),
    (
        "expect:\n  - all: true\n    response:\n      headers: {x: {contains: a, matches: b}}",
        "x.yaml:4: expect[0].response.headers.x: ",
    ),
    ("expect:\n  - all: true\n    response: {headers: {a b: c}}", "x.yaml:3: expect[0].response"),
    ("expect:\n  - all: true\n    response: {}", "x.yaml:3: expect[0].response: "),
    ("expect:\n  - all: true\n    response: {body: {}}", "x.yaml:3: expect[0].response.body: "),
    ("expect:\n  - all: true", "x.yaml:2: expect[0]: "),
    ("expect:\n  - all: false\n    trap: true", "x.yaml:2: expect[0].all: "),
    ("expect:\n  - trap: true\n    response: {status: 200}", "x.yaml:2: expect[0]: says of no"),
    ("expect:\n  - all: true\n    exchange: 1\n    trap: true", "x.yaml:2: expect[0]: says of no"),
    ("expect:\n  - all: true\n    exchange: 1", "x.yaml:2: expect[0]: says of no"),
    ("expect:\n  - request: /\n    trap: true", 'x.yaml:2: expect[0].request: "/" has not the'),
    ("expect:\n  - exchange: 0\n    trap: true", "x.yaml:2: expect[0].exchange: "),
    ("expect:\n  - all: true\n    logs: []", "x.yaml:3: expect[0].logs: "),
    (
        "expect:\n  - all: true\n    logs:\n      - level: warning",
        'x.yaml:4: expect[0].logs[0].level: "warning" is none of ',
    ),
    (
        "expect:\n  - all: true\n    logs:\n      - matches: (a",
        "x.yaml:4: expect[0].logs[0].matches: is not a regular expression: missing ): (a",
    ),
    (
        "expect:\n  - all: true\n    response: {body: {matches: 'a{1000000}'}}",
        "x.yaml:3: expect[0].response.body.matches: is not a regular expression: invalid",
    ),
    (
        "expect:\n  - all: true\n    upstream: {reached: false, path: /}",
        "x.yaml:3: expect[0].upstream.reached: cannot be false here",
    ),
    ("expect: &a []", "x.yaml:1: anchors and aliases are not read"),
    ("\xff", "x.yaml:1: "),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[text[:60] for text, _ in ERRORS])
def test_errors_name_file_line_and_field(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_expectations(text.encode("latin-1"), Path("x.yaml"))
    start, _, hint = message.partition(" | ")
    assert str(caught.value).startswith(start)
    assert hint in caught.value.hint


def test_every_kind_of_rule_is_in_the_schemas_words() -> None:
    schema = expectation_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")


def test_only_files_of_a_sensible_size_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * (1024 * 1024 + 1))
    for path, message in [
        (pipe, "is not a file"),
        (big, "is larger than 1 MiB"),
        (tmp_path / "none.yaml", "not found"),
    ]:
        with pytest.raises(InputError, match=message):
            read_expectations(path)
