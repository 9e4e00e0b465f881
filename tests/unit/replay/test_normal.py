"""What engines cannot agree on is left out, and nothing else."""

from __future__ import annotations

import pytest

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log, Outcome, Trap, Wire
from wasmkit.http.message import Message
from wasmkit.replay.normal import normalise

KEPT = ((b":path", b"/"), (b"x-a", b"1"), (b"x-a", b"2"))


@pytest.mark.parametrize(
    ("side", "volatile"),
    [
        ("upstream", [b"x-request-id", b"x-envoy-expected-rq-timeout-ms"]),
        ("client", [b"date", b"server", b"x-envoy-upstream-service-time"]),
    ],
)
def test_what_envoy_adds_anew_goes(side: str, volatile: list[bytes]) -> None:
    headers = [KEPT[0], *((name, b"7") for name in volatile), *KEPT[1:]]
    message = Message(tuple(headers), (b"a", b"b"), ((b"date", b"1"), (b"x-request-id", b"2")))
    (event,) = normalise(Outcome((Wire(side, message),))).events  # type: ignore[arg-type]  # a table
    assert event == Wire(side, Message(KEPT, message.pieces, message.trailers))  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(
    ("side", "name"),
    [("upstream", b"date"), ("upstream", b"server"), ("client", b"x-request-id")],
)
def test_what_is_volatile_on_the_other_side_stays(side: str, name: bytes) -> None:
    outcome = Outcome((Wire(side, Message(((name, b"1"),))),))  # type: ignore[arg-type]  # a table
    assert normalise(outcome) == outcome


def test_other_events_stay_in_their_order() -> None:
    events = (
        Log(LogLevel.INFO, b"date: 1"),
        Wire("upstream", None),
        Log(LogLevel.WARN, b"b"),
        Trap("unreachable"),
        Wire("client", None),
    )
    assert normalise(Outcome(events)).events == events
