"""Plays a project's recordings: which with which configuration and expectations, and how."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wasmkit.engines.engine import Outcome
from wasmkit.engines.wire import UnplayableError, as_sent
from wasmkit.errors import InputError
from wasmkit.progress import Step, silent
from wasmkit.project import configuration_fault
from wasmkit.project.json_schema import did_you_mean, dotted
from wasmkit.replay.check import check
from wasmkit.replay.expectation import read_expectations
from wasmkit.replay.result import Difference, ExchangeResult, Run
from wasmkit.traffic.har import read_har

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wasmkit.engines.engine import Engine
    from wasmkit.progress import Progress
    from wasmkit.project import Project
    from wasmkit.replay.expectation import Expectation, ExpectationFile
    from wasmkit.traffic.model import Exchange, Recording

__all__ = ["ENGINES", "Case", "open_engine", "plan", "play"]

ENGINES = ("wasm", "envoy", "native")


@dataclass(frozen=True, slots=True)
class Case:
    """A recording, a configuration as the filter gets it, and the files that go with the two."""

    recording: Recording
    configuration: bytes
    files: tuple[ExpectationFile, ...] = ()

    def expectations(self, number: int, exchange: Exchange) -> tuple[Expectation, ...]:
        """Return the expectations about an exchange of the recording, by its number from 1."""
        return tuple(
            expectation
            for file in self.files
            for expectation in file.expectations
            if expectation.selector.fits(number, exchange.request)
        )


def open_engine(
    kind: str, project: Project, module: bytes, configuration: bytes, *, trace: bool = False
) -> Engine:
    """Return an engine, not yet entered; ``kind`` is one of ``ENGINES``.

    ``module`` is the built filter; the engine ``native`` does without. With ``trace`` outcomes
    hold the calls between host and filter too.
    """
    plugin = project.plugin_config(module, configuration)
    match kind:
        case "native":
            from wasmkit.engines.native import NativeEngine  # noqa: PLC0415  # slow, optional

            return NativeEngine(project, plugin, trace=trace)
        case "envoy":
            from wasmkit.engines.envoy import EnvoyEngine  # noqa: PLC0415  # slow, optional

            return EnvoyEngine(plugin, trace=trace)
        case "wasm":
            from wasmkit.engines.wasm import WasmEngine  # noqa: PLC0415  # slow, optional

            return WasmEngine(plugin, trace=trace)
    raise ValueError(f"no engine {kind!r}")


def plan(project: Project, only: Path | None = None) -> tuple[Case, ...]:
    """Return what is to be played, each recording once for each configuration.

    ``only`` is a recording of the project, by name, or any HAR file; from a file outside the
    project only expectations that name no recording apply.

    Raises ``InputError`` for what cannot be read, for a project without recordings, and for an
    expectation that speaks of a recording or an exchange that is not there.
    """
    files = tuple(read_expectations(path) for path in project.expectations)
    recordings = {path.name: read_har(path) for path in project.recordings}
    for file in files:
        _check_file(file, project, recordings)
    chosen = list(recordings.values())
    if only is not None:
        chosen = [recordings.get(str(only)) or _read_only(only, recordings)]
    if not any(recording.exchanges for recording in chosen):
        raise InputError(
            "there is nothing to play: no recording holds an exchange",
            file=project.root if only is None else only,
            hint="export a HAR from the browser's network panel into recordings/",
        )
    return tuple(case for each in chosen for case in _cases(each, files, project))


def _read_only(only: Path, recordings: dict[str, Recording]) -> Recording:
    if only.suffix != ".har" and not only.exists():
        raise InputError(
            "is not a recording of the project, and no file",
            file=only,
            hint=did_you_mean(str(only), recordings),
        )
    recording = read_har(only)
    # A recording of the project, named by its path, is still that recording.
    known = recordings.get(recording.name)
    return recording if recording == known else replace(recording, name=str(only))


def _check_file(file: ExpectationFile, project: Project, recordings: dict[str, Recording]) -> None:
    """Refuse a file that means something which is not there: it could never fail."""
    if file.recording and file.recording not in recordings:
        raise InputError(
            f"there is no {file.recording!r} in recordings/",
            file=file.file,
            line=file.source.line(("recording",)),
            field="recording",
            hint=did_you_mean(file.recording, recordings),
        )
    for config in file.config:
        fault = configuration_fault(project.config, config)
        if fault is not None:
            path = ("config", *fault.path)
            raise InputError(
                fault.message,
                file=file.file,
                line=file.source.line(path),
                field=dotted(path),
                hint=fault.hint,
            )
    mine = [recordings[file.recording]] if file.recording else list(recordings.values())
    for expectation in file.expectations if mine else ():
        if not any(
            expectation.selector.fits(number, exchange.request)
            for recording in mine
            for number, exchange in enumerate(recording.exchanges, 1)
        ):
            raise expectation.error(f"fits no exchange: {expectation.selector}", hint=_titles(mine))


def _titles(recordings: list[Recording]) -> str:
    titles = dict.fromkeys(each.title for one in recordings for each in one.exchanges)
    shown = ", ".join(title[:60] for title in list(titles)[:5])
    return f"recorded are {shown}" + (", …" if len(titles) > 5 else "")


def _cases(
    recording: Recording, files: tuple[ExpectationFile, ...], project: Project
) -> tuple[Case, ...]:
    """Return the recording with each configuration that an expectation file has for it."""
    groups: dict[bytes, list[ExpectationFile]] = {}
    for file in files:
        if file.recording in ("", recording.name):
            config = file.config[0] if file.config else project.config.example
            groups.setdefault(_configuration(config), []).append(file)
    if not groups:
        groups[_configuration(project.config.example)] = []
    return tuple(Case(recording, config, tuple(group)) for config, group in groups.items())


def _configuration(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def play(
    cases: tuple[Case, ...],
    engine_of: Callable[[bytes], Engine],
    *,
    progress: Progress = silent,
) -> Iterator[Run]:
    """Play each case in an engine of its own; ``engine_of`` makes it for a configuration.

    Raises what entering the engine raises: a module that does not start has no results.
    """
    for case in cases:
        with engine_of(case.configuration) as engine:
            results: list[ExchangeResult] = []
            total = len(case.recording.exchanges)
            for number, exchange in enumerate(case.recording.exchanges, 1):
                progress(Step(f"{case.recording.name} {number}/{total}"))
                results.append(_play_one(engine, case, number, exchange, results))
            yield Run(
                recording=case.recording.name,
                configuration=case.configuration,
                expectations=tuple(file.file.name for file in case.files),
                engine=engine.name,
                startup_logs=engine.startup_logs,
                results=tuple(results),
                notes=case.recording.notes,
            )


def _play_one(
    engine: Engine, case: Case, number: int, exchange: Exchange, before: list[ExchangeResult]
) -> ExchangeResult:
    started = time.perf_counter()
    try:
        scenario = as_sent(exchange)
    except UnplayableError as error:
        unplayable = Difference("request", "an exchange that can be played", str(error))
        return ExchangeResult(number, exchange, Outcome(), 0.0, (unplayable,))
    outcome = engine.play(scenario)
    seconds = time.perf_counter() - started
    expectations = case.expectations(number, exchange)
    differences = check(exchange, outcome, expectations)
    # A trap ends the VM, in Envoy too. What comes after it shows nothing about the filter.
    dead = next((each.number for each in before if each.outcome.trap), None)
    if dead is not None and (differences or not expectations):
        reason = Difference("trap", "a living VM", f"dead since exchange {dead}")
        differences = (reason, *(each for each in differences if each.field != "trap"))
    return ExchangeResult(number, exchange, outcome, seconds, differences)
