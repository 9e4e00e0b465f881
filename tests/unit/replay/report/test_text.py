from __future__ import annotations

from typing import TYPE_CHECKING

import click

from report_runs import runs
from wasmkit.replay.report.text import render_run, render_summary

if TYPE_CHECKING:
    from collections.abc import Callable


def test_everything_in_one_report(golden: Callable[[str, str], None]) -> None:
    report = "\n".join([*map(render_run, runs()), render_summary(runs(), 1.25), ""])
    golden("reports/test.txt", click.unstyle(report))


def test_colours_are_all_there_is_of_escapes() -> None:
    report = "\n".join(map(render_run, runs()))
    assert "\x1b[31m" in report
    assert not set("\x1b\x07\x00") & set(click.unstyle(report))


def test_summary_without_a_failure() -> None:
    assert click.unstyle(render_summary(runs()[1:], 0.04)) == "1 passed in 0.0 s"
