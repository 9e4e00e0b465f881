"""The report for a terminal: one line an exchange, and below a failed one what differs.

Recordings and filters decide what is shown here, so all of it is made ``printable``. Colours are
ANSI; ``click.echo`` removes them where they cannot be shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wasmkit.abi.constants import LogLevel
from wasmkit.errors import printable
from wasmkit.http.message import Message, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmkit.engines.engine import Log
    from wasmkit.replay.result import Difference, ExchangeResult, Run

__all__ = ["render_run", "render_summary"]

_MAX_TITLE = 72
_MAX_VALUE = 400
_MAX_LOG_LINES = 40
_COLOURS = {LogLevel.WARN: "yellow", LogLevel.ERROR: "red", LogLevel.CRITICAL: "red"}


def render_run(run: Run) -> str:
    """Return the report of one recording."""
    checked = ", ".join(run.expectations) or "no expectations: only that nothing breaks"
    lines = [
        click.style(printable(run.recording), bold=True) + f"  {run.engine}, {printable(checked)}"
    ]
    lines += [click.style(f"  note: {printable(note)}", fg="yellow") for note in run.notes]
    for result in run.results:
        lines += _result(result)
        if not result.passed:
            lines += _failure(result)
    return "\n".join(lines)


def render_summary(runs: Sequence[Run], seconds: float) -> str:
    """Return the last line: how many exchanges passed and failed; ``seconds`` is the whole time."""
    failed = sum(run.failed for run in runs)
    passed = sum(len(run.results) for run in runs) - failed
    parts = [click.style(f"{passed} passed", fg="green")]
    if failed:
        parts.append(click.style(f"{failed} failed", fg="red", bold=True))
    return f"{', '.join(parts)} in {seconds:.1f} s"


def _result(result: ExchangeResult) -> list[str]:
    mark = click.style("✓", fg="green") if result.passed else click.style("✗", fg="red", bold=True)
    title = printable(result.exchange.title, one_line=True)
    if len(title) > _MAX_TITLE:
        title = title[: _MAX_TITLE - 1] + "…"
    status = (result.outcome.client or Message()).status or "closed"
    return [f"  {mark} {result.number:>3} {title}  {status}  {_milliseconds(result.seconds)}"]


def _milliseconds(seconds: float) -> str:
    return click.style(f"{seconds * 1000:.1f} ms", dim=True)


def _failure(result: ExchangeResult) -> list[str]:
    lines: list[str] = []
    for difference in result.differences:
        lines += _difference(difference)
    if result.outcome.trap and not any(each.field == "trap" for each in result.differences):
        lines.append(f"      trap: {_one_line(result.outcome.trap)}")
    lines += _logs(result.outcome.logs)
    lines += [f"      note: {printable(note)}" for note in result.exchange.notes]
    return lines


def _difference(difference: Difference) -> list[str]:
    place = f"  ({printable(difference.place)})" if difference.place else ""
    got = "(absent)" if difference.got is None else _one_line(difference.got)
    return [
        f"      {click.style(printable(difference.field), bold=True)}{place}",
        f"        expected  {click.style(_one_line(difference.expected), fg='green')}",
        f"        got       {click.style(got, fg='red')}",
        *(f"          {_diff_line(line)}" for line in difference.detail),
    ]


def _one_line(text: str) -> str:
    shown = printable(text, one_line=True)
    return shown if len(shown) <= _MAX_VALUE else f"{shown[:_MAX_VALUE]}…"


def _diff_line(line: str) -> str:
    colour = {"+": "red", "-": "green"}.get(line[:1])
    return click.style(printable(line), fg=colour)


def _logs(logs: Iterable[Log]) -> list[str]:
    lines = []
    for log in logs:
        level = click.style(f"{log.level.name.lower():<8}", fg=_COLOURS.get(log.level))
        first, *rest = printable(as_text(log.message)).split("\n")
        lines += [f"      log {level} {first}", *(f"                   {line}" for line in rest)]
    if len(lines) > _MAX_LOG_LINES:
        lines = [*lines[:_MAX_LOG_LINES], f"      … {len(lines) - _MAX_LOG_LINES} lines more"]
    return lines
