"""The verb: a project's recordings through its filter in one engine, checked and reported."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.errors import InputError
from wasmkit.progress import Event, silent
from wasmkit.project import load_project
from wasmkit.replay.report.junit import junit_report
from wasmkit.replay.session import open_engine, plan, play
from wasmkit.toolchain import build, language_of

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.engines.engine import Engine
    from wasmkit.progress import Progress
    from wasmkit.replay.result import Run

__all__ = ["ReplayRequest", "ReplayResult", "RunPlayed", "replay_project"]


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A project and the engine that plays its recordings, one of ``replay.session.ENGINES``.

    ``recording`` chooses one of the project's, by name, or any HAR file. ``junit`` is a file to
    write the report to as JUnit XML.
    """

    path: Path
    engine: str = "wasm"
    recording: Path | None = None
    junit: Path | None = None


@dataclass(frozen=True, slots=True)
class RunPlayed(Event):
    """A recording has been played to its end with one configuration."""

    run: Run


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What came of each recording; ``name`` and ``version`` are the filter's."""

    name: str
    version: str
    engine: str
    runs: tuple[Run, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Return whether every exchange was as expected."""
        return not any(run.failed for run in self.runs)


def replay_project(request: ReplayRequest, progress: Progress = silent) -> ReplayResult:
    """Play a project's recordings through its filter; tells each ``RunPlayed``.

    Raises what ``load_project``, ``plan`` and ``build`` raise, and entering the engine:
    ``GuestModuleError`` for a filter that does not start, ``MissingPartError`` without Envoy.
    """
    started = time.perf_counter()
    project = load_project(request.path)
    language_of(project).check(project)
    cases = plan(project, request.recording)
    module = b"" if request.engine == "native" else build(project, progress=progress)

    def engine_of(configuration: bytes) -> Engine:
        return open_engine(request.engine, project, module, configuration)

    runs = []
    for run in play(cases, engine_of, progress=progress):
        runs.append(run)
        progress(RunPlayed(run))
    seconds = time.perf_counter() - started
    if request.junit is not None:
        _write(request.junit, junit_report(runs, name=project.name))
    return ReplayResult(project.name, project.version, request.engine, tuple(runs), seconds)


def _write(file: Path, data: bytes) -> None:
    """Write to what is there, which may be a pipe of a CI system."""
    try:
        file.write_bytes(data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be written: {reason}", file=file) from error
