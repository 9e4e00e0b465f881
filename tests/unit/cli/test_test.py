from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from report_runs import runs
from wasmkit.progress import Step
from wasmkit.replay import ReplayRequest, ReplayResult, RunPlayed
from wasmkit.replay.report.text import render_run, render_summary

if TYPE_CHECKING:
    from command_line import Asked, Say

VERB = "wasmkit.replay.replay_project"


def result(*which: int) -> ReplayResult:
    made = runs()
    return ReplayResult("hello", "0.1.0", "wasm", tuple(made[each] for each in which), 1.25)


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        ([], ReplayRequest(Path())),
        (["hello", "--engine", "native"], ReplayRequest(Path("hello"), "native")),
        (
            ["--recording", "a.har", "--junit", "r.xml", "--engine", "envoy"],
            ReplayRequest(Path(), "envoy", Path("a.har"), Path("r.xml")),
        ),
    ],
    ids=["here", "engine", "all"],
)
def test_what_is_played(
    say: Say, asked: Asked, arguments: list[str], request_: ReplayRequest
) -> None:
    requests = asked(VERB, result(1))
    assert say("test", *arguments).code == 0
    assert requests == [request_]


def test_an_engine_that_is_none(say: Say, asked: Asked) -> None:
    requests = asked(VERB, result(1))
    assert say("test", "--engine", "nginx").code == 2
    assert requests == []


def tells(monkeypatch: pytest.MonkeyPatch, answer: ReplayResult) -> None:
    def replay(_: ReplayRequest, progress: Any) -> ReplayResult:
        for run in answer.runs:
            progress(Step("playing"))
            progress(RunPlayed(run))
        return answer

    monkeypatch.setattr(VERB, replay)


@pytest.mark.parametrize(("which", "code"), [((1,), 0), ((0, 1), 1)], ids=["passed", "failed"])
def test_each_run_is_reported_and_then_the_sum(
    monkeypatch: pytest.MonkeyPatch, say: Say, which: tuple[int, ...], code: int
) -> None:
    answer = result(*which)
    tells(monkeypatch, answer)
    said = say("test")
    assert said.code == code
    reports = [render_run(run) for run in answer.runs]
    expected = "\n".join([*reports, render_summary(answer.runs, 1.25), ""])
    assert said.out == click.unstyle(expected).encode("utf-8", "backslashreplace").decode()
    assert said.err == ""


def test_json_alone_is_printed(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    tells(monkeypatch, result(0, 1))
    said = say("test", "--json")
    assert said.code == 1
    assert json.loads(said.out)["summary"] == {"passed": 2, "failed": 3, "seconds": 1.25}


def test_a_terminal_of_few_signs_gets_escapes(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    tells(monkeypatch, result(0))
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    assert say("test").code == 1
    sys.stdout.flush()
    assert b"KeyError: '\\xfc'" in buffer.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_step_is_written_over(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    tells(monkeypatch, result(1))
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    say("test")
    parts = err.getvalue().split("\r\x1b[2K")
    assert parts == ["", "playing", "", ""], "nothing is left when the verb is done"
