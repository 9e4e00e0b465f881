"""``wasmkit test``: plays recorded traffic through a filter and says what differs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Self

import click

from wasmkit.errors import InputError

__all__ = ["command"]

_EPILOG = "Example: wasmkit test --engine envoy --junit report.xml"


@click.command(name="test", epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option(
    "--engine",
    type=click.Choice(["wasm", "envoy", "native"]),
    default="wasm",
    show_default=True,
    help="What plays the traffic: the built module on wasmtime, the same in stock Envoy, or the "
    "source as ordinary Python in this process.",
)
@click.option(
    "--recording",
    type=click.Path(path_type=Path),
    help="Play only this recording of the project, or any other HAR file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report as JUnit XML too.",
)
def command(
    path: Path, engine: str, recording: Path | None, *, as_json: bool, junit: Path | None
) -> int:
    """Play the recordings of the project in PATH through its filter and check what comes out.

    What must come out stands in tests/*.yaml. Without any, the filter must not crash and no
    callback may raise. The exit code is 1 if something differs.
    """
    from wasmkit.project import load_project  # noqa: PLC0415  # --help stays fast
    from wasmkit.replay.report import junit as xml  # noqa: PLC0415
    from wasmkit.replay.report import machine, text  # noqa: PLC0415
    from wasmkit.replay.session import open_engine, plan, play  # noqa: PLC0415
    from wasmkit.toolchain import build  # noqa: PLC0415

    started = time.perf_counter()
    project = load_project(path)
    cases = plan(project, recording)
    runs = []
    with _Progress() as progress:
        module = b"" if engine == "native" else build(project, progress=progress.say)
        for run in play(
            cases,
            lambda configuration: open_engine(engine, project, module, configuration),
            progress=progress.say,
        ):
            runs.append(run)
            progress.clear()
            if not as_json:
                _print(text.render_run(run))
    seconds = time.perf_counter() - started
    if as_json:
        names = {"name": project.name, "version": project.version}
        _print(machine.json_report(runs, **names, engine=engine, seconds=seconds))
    else:
        _print(text.render_summary(runs, seconds))
    if junit is not None:
        _write(junit, xml.junit_report(runs, name=project.name))
    return 1 if any(run.failed for run in runs) else 0


class _Progress:
    """One line on stderr that is written over, if a person sees it; gone when left."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def say(self, message: str) -> None:
        if self._shown:
            click.echo(f"\r\x1b[2K{message[:79]}", err=True, nl=False)

    def clear(self) -> None:
        self.say("")


def _print(text: str) -> None:
    """Print a report; what the terminal's encoding has no sign for is shown as an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be written: {reason}", file=file) from error
