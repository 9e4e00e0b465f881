"""How fast recorded traffic is played, by each engine, on the demo's recording."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure, millis, table, thousands
from bench.variants import HEADER
from wasmkit.cli.progress import progress
from wasmkit.engines.wire import as_sent
from wasmkit.errors import CheckFailedError
from wasmkit.progress import Step
from wasmkit.project import load_project
from wasmkit.replay.session import ENGINES, open_engine
from wasmkit.traffic.har import read_har

if TYPE_CHECKING:
    from wasmkit.engines.engine import Engine
    from wasmkit.project import Project
    from wasmkit.traffic.model import Exchange

__all__ = ["EngineFigures", "Replays", "measure_replays"]

_STARTS = 10
_RECORDING = Path(__file__).parent.parent / "recordings" / "shop.har"


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """Exchanges a second, and seconds from nothing to a configured filter that can play."""

    name: str
    exchanges: Figure
    first_start: float
    """The first in this process, which has to get the module's machine code."""
    start: Figure


@dataclass(frozen=True, slots=True)
class Replays:
    recording: str
    exchanges: int
    engines: tuple[EngineFigures, ...]

    def text(self) -> str:
        rows = [
            (
                each.name,
                each.exchanges.text(thousands),
                millis(each.first_start),
                each.start.text(millis),
            )
            for each in self.engines
        ]
        head = ("engine", "exchanges/s", "first start ms", "start ms")
        return (
            f"Replay of {self.recording} ({self.exchanges} exchanges);"
            " start: on_vm_start and on_configure in each VM that Envoy starts\n"
            + table(head, rows)
        )


def measure_replays(root: Path, module: bytes, *, rounds: int, play_seconds: float) -> Replays:
    """Measure; raises ``CheckFailedError`` if an engine's outcome lacks what the filter does."""
    project = load_project(root)
    exchanges = read_har(_RECORDING).exchanges
    speeds, starts = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for number in range(1, rounds + 1):
        for kind in ENGINES:
            progress(Step(f"replay, round {number} of {rounds}: {kind}"))
            starts[kind] += _starts(kind, project, module)
            before = time.perf_counter()
            with _engine(kind, project, module) as engine:
                starts[kind].append(time.perf_counter() - before)
                _play(engine, exchanges)  # warms up, and shows that it works
                speeds[kind].append(_speed(engine, exchanges, play_seconds))
    return Replays(
        recording=_RECORDING.name,
        exchanges=len(exchanges),
        engines=tuple(
            EngineFigures(
                name=kind,
                exchanges=Figure.of(speeds[kind]),
                first_start=starts[kind][0],
                start=Figure.of(starts[kind][1:] or starts[kind]),
            )
            for kind in ENGINES
        ),
    )


def _engine(kind: str, project: Project, module: bytes) -> Engine:
    configuration = json.dumps(project.config.example).encode()
    return open_engine(kind, project, module, configuration)


def _starts(kind: str, project: Project, module: bytes) -> list[float]:
    """Start an engine that starts fast a few times more, since one start says little."""
    found: list[float] = []
    while kind != "envoy" and len(found) < _STARTS:
        before = time.perf_counter()
        with _engine(kind, project, module):
            found.append(time.perf_counter() - before)
    return found


def _speed(engine: Engine, exchanges: tuple[Exchange, ...], play_seconds: float) -> float:
    """Play the recording over and over for so long, at least once."""
    started = time.perf_counter()
    played = 0
    while not played or time.perf_counter() - started < play_seconds:
        for exchange in exchanges:
            engine.play(as_sent(exchange))
        played += len(exchanges)
    return played / (time.perf_counter() - started)


def _play(engine: Engine, exchanges: tuple[Exchange, ...]) -> None:
    for exchange in exchanges:
        outcome = engine.play(as_sent(exchange))
        headers = outcome.client.headers if outcome.client else ()
        if outcome.trap or tuple(map(str.encode, HEADER)) not in headers:
            raise CheckFailedError(
                f"{engine.name}, {exchange.title}: {HEADER} is not in {headers};"
                f" trap: {outcome.trap or 'none'}"
            )
