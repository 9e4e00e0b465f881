"""What is played with what: real files, and an engine of three lines instead of a filter."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click
import pytest

from messages import a_response, an_outcome
from wasmkit.cli.test import command
from wasmkit.errors import InputError
from wasmkit.project import ConfigSection, Project, ProjectFile
from wasmkit.project.toml_lines import TomlLines
from wasmkit.replay.session import ENGINES, plan, play

if TYPE_CHECKING:
    from wasmkit.engines.engine import Log, Outcome, Scenario
    from wasmkit.progress import Event


@dataclass
class Echo:
    """Gives back what was recorded; a request to /trap ends it, /odd cannot be played."""

    configuration: bytes
    name: str = "echo"
    startup_logs: tuple[Log, ...] = ()
    dead: str = ""
    entered: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.entered.append(self.configuration)
        return self

    def __exit__(self, *_: object) -> None:
        self.dead = "over"

    def play(self, scenario: Scenario) -> Outcome:
        if self.dead:
            return an_outcome(None, a_response(503))
        if scenario.request.path == b"/trap":
            self.dead = "unreachable"
            return an_outcome(None, a_response(503), trap="unreachable")
        return an_outcome(scenario.request, scenario.response)


def har(*paths: str) -> str:
    entries = [
        {
            "startedDateTime": f"2026-11-03T09:00:{number:02}Z",
            "request": {
                "method": "GET",
                "url": f"http://a.example{path}",
                "headers": [{"name": "Upgrade", "value": "x"}] if path == "/odd" else [],
            },
            "response": {"status": 200, "headers": [], "content": {"text": "tea"}},
        }
        for number, path in enumerate(paths)
    ]
    return json.dumps({"log": {"entries": entries}})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "tests").mkdir()
    return Project(
        file=ProjectFile(tmp_path / "wasmkit.toml", TomlLines("")),
        name="echo",
        version="0.1.0",
        description="",
        license="",
        authors=(),
        language="python",
        entry="filter:Echo",
        kind="http",
        root_id="echo",
        on_error="close",
        lowest_envoy="1.36",
        config=ConfigSection(schema=None, example={"a": 1}),
    )


def record(project: Project, name: str, *paths: str) -> None:
    (project.root / "recordings" / name).write_text(har(*paths))


def expect(project: Project, name: str, text: str) -> None:
    (project.root / "tests" / name).write_text(text)


PASSES = "expect:\n  - all: true\n    response: {status: 200}\n"


def planned(project: Project, only: str | None = None) -> list[tuple[str, str, list[str]]]:
    return [
        (case.recording.name, case.configuration.decode(), [each.file.name for each in case.files])
        for case in plan(project, None if only is None else Path(only))
    ]


def test_every_recording_is_played_once_for_each_configuration(project: Project) -> None:
    record(project, "a.har", "/")
    record(project, "b.har", "/")
    record(project, "c.har", "/")
    expect(project, "1.yaml", "recording: a.har\n" + PASSES)
    expect(project, "2.yaml", "recording: a.har\nconfig: {a: 1}\n" + PASSES)
    expect(project, "3.yaml", "recording: a.har\nconfig: {a: ü}\n" + PASSES)
    expect(project, "4.yaml", "recording: b.har\nconfig: {}\n" + PASSES)
    assert planned(project) == [
        ("a.har", '{"a":1}', ["1.yaml", "2.yaml"]),
        ("a.har", '{"a":"ü"}', ["3.yaml"]),
        ("b.har", "{}", ["4.yaml"]),
        ("c.har", '{"a":1}', []),
    ]
    assert planned(project, "c.har") == [("c.har", '{"a":1}', [])]


def test_a_recording_from_outside(project: Project, tmp_path: Path) -> None:
    record(project, "a.har", "/")
    expect(project, "1.yaml", "recording: a.har\n" + PASSES)
    expect(project, "2.yaml", PASSES)
    other = tmp_path / "a.har"
    other.write_text(har("/other"))
    assert planned(project, str(other)) == [(str(other), '{"a":1}', ["2.yaml"])]
    inside = str(project.root / "recordings/a.har")
    assert planned(project, inside) == [("a.har", '{"a":1}', ["1.yaml", "2.yaml"])]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "recording: b.har\n" + PASSES,
            "1.yaml:1: recording: there is no 'b.har' in recordings/",
            "did you mean 'a.har'?",
        ),
        (
            "expect:\n  - request: GET /tee\n    trap: false\n",
            "1.yaml:2: expect[0]: fits no exchange: GET /tee",
            "recorded are GET /tea",
        ),
        (
            "expect:\n  - exchange: 2\n    trap: false\n",
            "1.yaml:2: expect[0]: fits no exchange: exchange 2",
            "",
        ),
        (
            "config:\n  b: 1\n" + PASSES,
            "1.yaml:2: config.b: unknown key",
            "known are a",
        ),
    ],
)
def test_what_could_never_fail_is_refused(
    project: Project, text: str, message: str, hint: str
) -> None:
    record(project, "a.har", "/tea")
    schema = project.root / "schema.json"
    schema.write_text('{"properties": {"a": {}}, "additionalProperties": false}')
    expect(project, "1.yaml", text)
    project = replace(project, config=ConfigSection(schema, {"a": 1}))
    with pytest.raises(InputError) as caught:
        plan(project)
    assert str(caught.value).endswith(message)
    assert hint in caught.value.hint


def test_nothing_to_play(project: Project) -> None:
    with pytest.raises(InputError, match="there is nothing to play"):
        plan(project)
    record(project, "a.har")
    with pytest.raises(InputError, match="there is nothing to play"):
        plan(project)
    with pytest.raises(InputError, match=r"b\.har: not found"):
        plan(project, Path("b.har"))
    with pytest.raises(
        InputError, match="is not a recording of the project, and no file"
    ) as caught:
        plan(project, Path("a"))
    assert caught.value.hint == "known are a.har"


def test_play(project: Project) -> None:
    record(project, "a.har", "/", "/odd", "/x")
    expect(project, "1.yaml", "expect:\n  - request: GET /x\n    response: {status: 201}\n")
    seen: list[Event] = []
    (run,) = play(plan(project), Echo, progress=seen.append)
    assert (run.engine, run.recording, run.configuration) == ("echo", "a.har", b'{"a":1}')
    assert [result.passed for result in run.results] == [True, False, False]
    assert [each.field for each in run.results[1].differences] == ["request"]
    assert [each.place for each in run.results[2].differences] == ["1.yaml:3"]
    assert run.failed == 2
    assert [str(event) for event in seen] == ["a.har 1/3", "a.har 2/3", "a.har 3/3"]


def test_after_a_trap_nothing_passes_unless_it_is_expected(project: Project) -> None:
    record(project, "a.har", "/", "/trap", "/x", "/y")
    expect(project, "1.yaml", "expect:\n  - request: GET /y\n    response: {status: 503}\n")
    (run,) = play(plan(project), Echo)
    assert [result.passed for result in run.results] == [True, False, False, True]
    (difference,) = run.results[2].differences
    assert (difference.field, difference.got) == ("trap", "dead since exchange 2")


def test_the_command_offers_the_engines() -> None:
    (option,) = [each for each in command.params if each.name == "engine"]
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == ENGINES
