"""The reports of one replay in which everything happens that a report can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import click
import pytest

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import LogLine, Outcome
from wasmkit.replay.check import check
from wasmkit.replay.expectation import parse_expectations
from wasmkit.replay.report.junit import junit_report
from wasmkit.replay.report.machine import json_report
from wasmkit.replay.report.text import clean, render_run, render_summary
from wasmkit.replay.result import ExchangeResult, Run
from wasmkit.traffic.model import Exchange, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

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
        Request(method, "http", "shop.example", path),
        Response(200, (("vary", "a"), ("vary", "b")), body),
        notes=("the request's body was not recorded",) if method == "POST" else (),
    )


def result(number: int, recorded: Exchange, outcome: Outcome, *, checked: bool) -> ExchangeResult:
    differences = check(recorded, outcome, RULES if checked else ())
    return ExchangeResult(number, recorded, outcome, number / 1000, differences)


def runs() -> list[Run]:
    page = exchange("GET", "/", b"<h1>\nTea\n</h1>\n")
    picture = exchange("GET", "/logo.png?\x1b[2J" + "x" * 100, b"\x89PNG\r\n\x1a\n" + bytes(20))
    order = exchange("POST", "/order", b"ok")
    good = Response(200, (("x-hello", "world"), ("vary", "a"), ("vary", "b")), page.response.body)
    served = (LogLine(LogLevel.INFO, "served"),)
    error = "on_request_headers failed:\nTraceback (most recent call last):\n\x1b[31mKeyError: 'ü'"
    outcomes = [
        (page, Outcome(page.request, good, served), True),
        (
            page,
            Outcome(
                Request("GET", "http", "shop.example", "/changed"),
                Response(404, (("server", "envoy\x07"), ("vary", "a")), b"<h1>\nCoffee\n</h1>\n"),
                (LogLine(LogLevel.WARN, "odd"), LogLine(LogLevel.ERROR, error)),
            ),
            True,
        ),
        (
            picture,
            Outcome(picture.request, Response(200, good.headers, b"\x89PNG\n")),
            True,
        ),
        (order, Outcome(None, Response(0), trap="unreachable\n  0: f\n  1: g"), False),
    ]
    results = tuple(
        result(number, recorded, outcome, checked=checked)
        for number, (recorded, outcome, checked) in enumerate(outcomes, 1)
    )
    ready = (LogLine(LogLevel.INFO, "ready\x00"),)
    notes = ("entry 3 is left out: a WebSocket",)
    return [
        Run("shop.har", b'{"header":"x-hello"}', ("shop.yaml",), "wasm", ready, results, notes),
        Run("more.har", b"{}", (), "wasm", (), (result(1, page, outcomes[0][1], checked=False),)),
    ]


def test_text(golden: Callable[[str, str], None]) -> None:
    report = "\n".join([*map(render_run, runs()), render_summary(runs(), 1.25), ""])
    golden("reports/test.txt", click.unstyle(report))


def test_colours_are_all_there_is_of_escapes() -> None:
    report = "\n".join(map(render_run, runs()))
    assert "\x1b[31m" in report
    assert not set("\x1b\x07\x00") & set(click.unstyle(report))


def test_summary_without_a_failure() -> None:
    assert click.unstyle(render_summary(runs()[1:], 0.04)) == "1 passed in 0.0 s"


def test_json(golden: Callable[[str, str], None]) -> None:
    text = json_report(runs(), name="hello", version="0.1.0", engine="wasm", seconds=1.25)
    report = json.loads(text)
    assert report["summary"] == {"passed": 2, "failed": 3, "seconds": 1.25}
    assert text.isascii()
    golden("reports/test.json", text + "\n")


def test_junit(golden: Callable[[str, str], None]) -> None:
    data = junit_report(runs(), name="hello")
    root = ET.fromstring(data)
    assert (root.get("tests"), root.get("failures")) == ("5", "3")
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["shop.har (shop.yaml)", "more.har"]
    assert len(root.findall("testsuite/testcase/failure")) == 3
    golden("reports/test.xml", data.decode())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tea ü 茶 🍵", "tea ü 茶 🍵"),
        ("a\nb\tc", "a\nb\tc"),
        ("\x1b[2J\r\x9b", "\\x1b[2J\\x0d\\x9b"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown
