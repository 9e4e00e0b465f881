"""What each variant costs in stock Envoy: requests a second, latency, start, memory.

Every round starts, loads and ends each variant in turn, so that whatever else the machine does
falls on all of them alike.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.figures import Figure, mib, micros, seconds, size, table, thousands, times
from bench.load import load_generator, run_load
from bench.running import PATHS, running
from bench.variants import HEADER
from wasmkit.cli.progress import progress
from wasmkit.errors import CheckFailedError
from wasmkit.progress import Step

if TYPE_CHECKING:
    from pathlib import Path

    from bench.running import Running
    from bench.variants import Variant

__all__ = ["EnvoyFigures", "LoadFigures", "VariantFigures", "measure_envoys"]

_WARMED_FROM_SECONDS = 4.0
"""A shorter load is not a measurement, and wrk cannot run for less than a second."""

_TITLES = {
    "direct": "Envoy answers by itself (direct_response), so the filter's cost stands out",
    "proxied": "Envoy forwards to an upstream, which is another listener of the same worker",
}


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """Under load: requests a second, latencies and time on a core for a request, in µs.

    ``cpu`` is that of Envoy and of the service beside it.
    """

    requests: Figure
    p50: Figure
    p99: Figure
    cpu: Figure


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """Seconds from Envoy's exec, and bytes of resident memory."""

    name: str
    module_bytes: int
    ready: Figure
    answered: Figure
    ready_cpu: Figure
    """Of all cores; other programs on the machine change it least."""
    memory_ready: Figure
    memory_loaded: Figure
    memory_most: Figure
    memory_service: Figure | None
    """Of the service beside Envoy, after the load."""
    load: dict[str, LoadFigures]
    """By the way that a request takes, see ``bench.running.PATHS``."""


@dataclass(frozen=True, slots=True)
class EnvoyFigures:
    generator: str
    seconds: float
    rounds: int
    variants: tuple[VariantFigures, ...]

    def text(self) -> str:
        head = (
            f"Stock Envoy, one worker, {self.generator}; {self.rounds} rounds of"
            f" {self.seconds:g} s on each way, median (min-max).\n"
            "Envoy, the client and the ext_proc service share the machine's cores.\n"
            "CPU is Envoy's and the service's; other programs on the machine disturb it least."
        )
        return "\n\n".join((head, *map(self._load_text, PATHS), self._cost_text()))

    def _load_text(self, path: str) -> str:
        base, in_c = (
            next(each for each in self.variants if each.name.startswith(name)).load[path]
            for name in ("no filter", "C")
        )
        rows = [
            (
                each.name,
                load.requests.text(thousands),
                times(load.requests.median / base.requests.median),
                times(load.requests.median / in_c.requests.median),
                load.p50.text(micros),
                load.p99.text(micros),
                load.cpu.text(micros),
                times(load.cpu.median / base.cpu.median),
                times(load.cpu.median / in_c.cpu.median),
            )
            for each in self.variants
            for load in (each.load[path],)
        ]
        ratios = ("of none", "of C")
        head = ("", "requests/s", *ratios, "p50 µs", "p99 µs", "CPU µs/request", *ratios)
        return f"{_TITLES[path]}\n{table(head, rows)}"

    def _cost_text(self) -> str:
        rows = [
            (
                each.name,
                size(each.module_bytes) if each.module_bytes else "",
                each.ready.text(seconds),
                each.answered.text(seconds),
                each.ready_cpu.text(seconds),
                each.memory_ready.text(mib),
                each.memory_loaded.text(mib),
                each.memory_most.text(mib),
                each.memory_service.text(mib) if each.memory_service else "",
            )
            for each in self.variants
        ]
        head = (
            *("", "module", "exec to /ready", "to first answer", "CPU to /ready"),
            *("RSS ready MiB", "RSS after load", "RSS peak", "service RSS"),
        )
        return f"Envoy's start and memory\n{table(head, rows)}"


def measure_envoys(
    variants: tuple[Variant, ...], folder: Path, *, rounds: int, load_seconds: float
) -> EnvoyFigures:
    """Measure; raises ``CheckFailedError`` if a variant ever does not do what it should."""
    found: dict[str, list[_Round]] = defaultdict(list)
    for number in range(1, rounds + 1):
        for variant in variants:
            progress(Step(f"Envoy, round {number} of {rounds}: {variant.name}"))
            with running(variant, folder) as envoy:
                found[variant.name].append(_one_round(envoy, load_seconds))
            _check_every_answer(variant, found[variant.name][-1], found[variants[0].name][-1])
    return EnvoyFigures(
        generator=load_generator(),
        seconds=load_seconds,
        rounds=rounds,
        variants=tuple(_figures(variant, found[variant.name]) for variant in variants),
    )


def _check_every_answer(variant: Variant, found: _Round, unfiltered: _Round) -> None:
    """Raise unless the answers under load were longer, by the header, than those without."""
    header = len(": ".join(HEADER)) + len("\r\n")
    for path in PATHS if variant.filter else ():
        more = found.load[path].answer_bytes - unfiltered.load[path].answer_bytes
        # The time in x-envoy-upstream-service-time now has one digit, now two.
        if abs(more - header) > 1:
            raise CheckFailedError(
                f"{variant.name}, {path}: an answer under load was {more:.1f} bytes longer than one"
                f" without a filter instead of {header}: not every answer had the header"
            )


@dataclass(frozen=True, slots=True)
class _Loaded:
    requests: float
    answer_bytes: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True, slots=True)
class _Round:
    ready: float
    answered: float
    ready_cpu: float
    memory_ready: float
    memory_loaded: float
    memory_most: float
    memory_service: float | None
    load: dict[str, _Loaded]


def _one_round(envoy: Running, load_seconds: float) -> _Round:
    memory_ready = envoy.envoy.memory("VmRSS")
    load = {path: _under_load(envoy, path, load_seconds) for path in PATHS}
    return _Round(
        ready=envoy.ready,
        answered=envoy.answered,
        ready_cpu=envoy.ready_cpu,
        memory_ready=memory_ready,
        memory_loaded=envoy.envoy.memory("VmRSS"),
        memory_most=envoy.envoy.memory("VmHWM"),
        memory_service=envoy.service.memory("VmRSS") if envoy.service else None,
        load=load,
    )


def _under_load(envoy: Running, path: str, load_seconds: float) -> _Loaded:
    if load_seconds >= _WARMED_FROM_SECONDS:
        run_load(envoy.addresses[path], load_seconds / 4)
    before = envoy.cpu_seconds()
    load = run_load(envoy.addresses[path], load_seconds)
    cpu = envoy.cpu_seconds() - before
    envoy.check(path)
    return _Loaded(
        requests=load.requests / load.seconds,
        answer_bytes=load.bytes / load.requests,
        p50=load.p50,
        p99=load.p99,
        cpu=cpu / load.requests * 1e6,
    )


def _figures(variant: Variant, rounds: list[_Round]) -> VariantFigures:
    def load(path: str) -> LoadFigures:
        loads = [each.load[path] for each in rounds]
        return LoadFigures(
            requests=Figure.of(each.requests for each in loads),
            p50=Figure.of(each.p50 for each in loads),
            p99=Figure.of(each.p99 for each in loads),
            cpu=Figure.of(each.cpu for each in loads),
        )

    service = [each.memory_service for each in rounds if each.memory_service is not None]
    return VariantFigures(
        name=variant.name,
        module_bytes=variant.module_bytes,
        ready=Figure.of(each.ready for each in rounds),
        answered=Figure.of(each.answered for each in rounds),
        ready_cpu=Figure.of(each.ready_cpu for each in rounds),
        memory_ready=Figure.of(each.memory_ready for each in rounds),
        memory_loaded=Figure.of(each.memory_loaded for each in rounds),
        memory_most=Figure.of(each.memory_most for each in rounds),
        memory_service=Figure.of(service) if service else None,
        load={path: load(path) for path in PATHS},
    )
