"""What a replay came to, as data: every report is a rendering of this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmkit.engines.engine import Log, Outcome
    from wasmkit.traffic.model import Exchange

__all__ = ["Difference", "ExchangeResult", "Run"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected.

    ``field`` says what (``response.headers.server``); ``place`` is the expectation's
    ``file:line``, empty for what no expectation has to demand. ``got`` is None for what is not
    there. ``detail`` has lines that show more: a diff.
    """

    field: str
    expected: str
    got: str | None
    place: str = ""
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangeResult:
    """One exchange as it was played; it has passed if nothing differs."""

    number: int
    """From 1, within the recording's exchanges that could be played."""
    exchange: Exchange
    outcome: Outcome
    seconds: float
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Return whether all is as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Run:
    """A recording played through one engine with one configuration, in one VM."""

    recording: str
    configuration: bytes
    expectations: tuple[str, ...]
    """The names of the expectation files that were checked."""
    engine: str
    startup_logs: tuple[Log, ...] = ()
    results: tuple[ExchangeResult, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """Return how many exchanges did not pass."""
        return sum(not result.passed for result in self.results)

    @property
    def seconds(self) -> float:
        """Return how long the exchanges took."""
        return sum(result.seconds for result in self.results)
