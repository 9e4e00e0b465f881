"""``wasmkit test``: plays recorded traffic through a filter and says what differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from wasmkit.errors import printable
from wasmkit.progress import Step

if TYPE_CHECKING:
    from wasmkit.progress import Event

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
    from wasmkit.replay import ReplayRequest, replay_project  # noqa: PLC0415  # --help stays fast
    from wasmkit.replay.report import machine, text  # noqa: PLC0415  # as above

    request = ReplayRequest(path, engine, recording, junit)
    with _Progress(reports=not as_json) as progress:
        result = replay_project(request, progress)
    if as_json:
        names = {"name": result.name, "version": result.version}
        _print(machine.json_report(result.runs, **names, engine=engine, seconds=result.seconds))
    else:
        _print(text.render_summary(result.runs, result.seconds))
    return 0 if result.passed else 1


class _Progress:
    """A report of each run, and one line on stderr that is written over; it is gone when left."""

    def __init__(self, *, reports: bool) -> None:
        self._reports = reports
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._say("")

    def __call__(self, event: Event, /) -> None:
        from wasmkit.replay import RunPlayed  # noqa: PLC0415  # as above
        from wasmkit.replay.report.text import render_run  # noqa: PLC0415  # as above

        if isinstance(event, Step):
            self._say(event.text)
        elif isinstance(event, RunPlayed):
            self._say("")
            if self._reports:
                _print(render_run(event.run))

    def _say(self, message: str) -> None:
        if self._shown:
            click.echo(f"\r\x1b[2K{printable(message)[:79]}", err=True, nl=False)


def _print(text: str) -> None:
    """Print a report; what the terminal's encoding has no sign for is shown as an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))
