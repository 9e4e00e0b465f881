"""How soon a hub measures what is pushed, and how it answers while many read a long page."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.figures import Figure, millis, size, table
from hub_process import serving
from page_storm import HOSTILE_README, READERS, slowest_answer
from publications import publication_of
from registries import filter_module, settle
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import Reference
from wasmkit.cli.progress import progress
from wasmkit.progress import Step

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["GOAL", "Hub", "measure_hub"]

GOAL = 0.25
"""Seconds within which ``/v2/`` shall answer while many read a page with a hostile README."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Seconds. ``verdict``: from a push's end until the filter's own module is measured."""

    module_size: int
    verdict: Figure
    alone: Figure
    among_readers: Figure

    def text(self) -> str:
        rows = [
            (f"verdict on a module of {size(self.module_size)}", self.verdict.text(millis)),
            ("GET /v2/, nobody else", self.alone.text(millis)),
            (f"GET /v2/, {READERS} readers of a hostile README", self.among_readers.text(millis)),
        ]
        return "The hub; of several answers the slowest counts\n" + table(("what", "ms"), rows)


def measure_hub(module: bytes, folder: Path, *, rounds: int) -> Hub:
    """Serve a hub in ``folder`` and measure it."""
    verdicts, alone, among = list[float](), list[float](), list[float]()
    with serving(folder / "hub") as (url, _):
        host = url.removeprefix("http://")
        _push(host, "hostile", filter_module(), readme=HOSTILE_README)
        settle(host)
        for number in range(1, rounds + 1):
            progress(Step(f"hub, round {number} of {rounds}"))
            # A custom section of its own makes it another module, which is not measured yet.
            mark = hashlib.sha256(b"%d" % number).digest()
            _push(host, f"measured/{number}", module + b"\0" + bytes([34, 1]) + b"x" + mark)
            before = time.perf_counter()
            settle(host)
            verdicts.append(time.perf_counter() - before)
            alone.append(slowest_answer(host, "/v2/", readers=1))
            among.append(slowest_answer(host, "/filters/hostile"))
    return Hub(len(module), Figure.of(verdicts), Figure.of(alone), Figure.of(among))


def _push(host: str, repository: str, module: bytes, readme: bytes | None = None) -> None:
    reference = Reference(host, repository, "1.0.0")
    published = publication_of(module, "measured", "1.0.0", readme=readme)
    push_publication(RegistryClient(reference), reference, published)
