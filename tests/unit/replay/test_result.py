from __future__ import annotations

from wasmkit.engines.engine import Outcome
from wasmkit.http.message import Message
from wasmkit.replay.result import Difference, ExchangeResult, Run
from wasmkit.traffic.model import Exchange

EXCHANGE = Exchange(Message(((b":method", b"GET"), (b":path", b"/"))), None)


def result(number: int, seconds: float, *differences: Difference) -> ExchangeResult:
    return ExchangeResult(number, EXCHANGE, Outcome(), seconds, differences)


def test_an_exchange_has_passed_if_nothing_differs() -> None:
    difference = Difference("response.status", "200", None)
    assert result(1, 0).passed
    assert not result(1, 0, difference).passed


def test_a_run_counts_and_adds_up() -> None:
    difference = Difference("response.status", "200", "404", "a.yaml:3", ("-a", "+b"))
    results = (
        result(1, 0.25),
        result(2, 0.5, difference, difference),
        result(3, 1.0, difference),
    )
    run = Run("a.har", b"{}", (), "wasm", results=results)
    assert (run.failed, run.seconds) == (2, 1.75)
    empty = Run("a.har", b"", (), "wasm")
    assert (empty.failed, empty.seconds) == (0, 0)
