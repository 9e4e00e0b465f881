"""Two replays in which everything happens that a report can show."""

from __future__ import annotations

from pathlib import Path

from messages import a_request, a_response, an_outcome
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log, Outcome
from wasmkit.replay.check import check
from wasmkit.replay.expectation import parse_expectations
from wasmkit.replay.result import ExchangeResult, Run
from wasmkit.traffic.model import Exchange

__all__ = ["runs"]

RULES = parse_expectations(
    b"""
expect:
  - all: true
    response:
      status: 200
      headers: {x-hello: world, server: null, vary: [a, b]}
      body:
        unchanged: true
  - all: true
    upstream: {path: /, reached: true}
    logs: [{level: info, contains: served}]
""",
    Path("tests/shop.yaml"),
).expectations


def exchange(method: str, path: str, body: bytes) -> Exchange:
    return Exchange(
        a_request(method, "http", "shop.example", path),
        a_response(200, (("vary", "a"), ("vary", "b")), body),
        notes=("the request's body was not recorded",) if method == "POST" else (),
    )


def result(number: int, recorded: Exchange, outcome: Outcome, *, checked: bool) -> ExchangeResult:
    differences = check(recorded, outcome, RULES if checked else ())
    return ExchangeResult(number, recorded, outcome, number / 1000, differences)


def runs() -> list[Run]:
    page = exchange("GET", "/", b"<h1>\nTea\n</h1>\n")
    picture = exchange("GET", "/logo.png?\x1b[2J" + "x" * 100, b"\x89PNG\r\n\x1a\n" + bytes(20))
    order = exchange("POST", "/order", b"ok")
    hello = (("x-hello", "world"), ("vary", "a"), ("vary", "b"))
    good = a_response(200, hello, b"<h1>\nTea\n</h1>\n")
    served = (Log(LogLevel.INFO, b"served"),)
    error = "on_request_headers failed:\nTraceback (most recent call last):\n\x1b[31mKeyError: 'ü'"
    outcomes = [
        (page, an_outcome(page.request, good, served), True),
        (
            page,
            an_outcome(
                a_request("GET", "http", "shop.example", "/changed"),
                a_response(404, (("server", "envoy\x07"), ("vary", "a")), b"<h1>\nCoffee\n</h1>\n"),
                (Log(LogLevel.WARN, b"odd"), Log(LogLevel.ERROR, error.encode())),
            ),
            True,
        ),
        (
            picture,
            an_outcome(picture.request, a_response(200, hello, b"\x89PNG\n")),
            True,
        ),
        (order, an_outcome(None, None, trap="unreachable\n  0: f\n  1: g"), False),
    ]
    results = tuple(
        result(number, recorded, outcome, checked=checked)
        for number, (recorded, outcome, checked) in enumerate(outcomes, 1)
    )
    ready = (Log(LogLevel.INFO, b"ready\x00"),)
    notes = ("entry 3 is left out: a WebSocket",)
    return [
        Run("shop.har", b'{"header":"x-hello"}', ("shop.yaml",), "wasm", ready, results, notes),
        Run("more.har", b"{}", (), "wasm", (), (result(1, page, outcomes[0][1], checked=False),)),
    ]
