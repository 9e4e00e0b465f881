from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from wasmkit.project import NewRequest, NewResult

if TYPE_CHECKING:
    from command_line import Asked, Say

VERB = "wasmkit.project.new_project"
RESULT = NewResult(Path("/x/a b"), "python-http", ("README.md", "src/filter.py"))


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["a"], NewRequest(Path("a"))),
        (["x/a", "--template", "t"], NewRequest(Path("x/a"), "t")),
        (
            ["a", "--set", "author=Jo <jo@x>", "--set", "description=a=b", "--set", "license="],
            NewRequest(
                Path("a"),
                values={"author": "Jo <jo@x>", "description": "a=b", "license": ""},
            ),
        ),
    ],
    ids=["name", "template", "answers"],
)
def test_what_is_made(say: Say, asked: Asked, arguments: list[str], request_: NewRequest) -> None:
    requests = asked(VERB, RESULT)
    assert say("new", *arguments).code == 0
    assert requests == [request_]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [([], "a NAME, such as my-filter"), (["a", "--set", "author"], "write it as KEY=VALUE")],
    ids=["no-name", "no-value"],
)
def test_what_is_refused(say: Say, asked: Asked, arguments: list[str], text: str) -> None:
    requests = asked(VERB, RESULT)
    said = say("new", *arguments)
    assert (said.code, requests) == (2, [])
    assert text in said.err


def test_the_next_steps_can_be_copied(say: Say, asked: Asked) -> None:
    asked(VERB, RESULT)
    lines = click.unstyle(say("new", "a b").out).splitlines()
    assert lines[:3] == ["made a b from python-http:", "  README.md", "  src/filter.py"]
    assert lines[lines.index("next:") + 1] == "  cd 'a b'"
    assert {line.split()[1] for line in lines[-3:]} == {"test", "run", "build"}


def test_json(say: Say, asked: Asked) -> None:
    asked(VERB, RESULT)
    assert json.loads(say("new", "a", "--json").out) == {
        "folder": "/x/a b",
        "template": "python-http",
        "files": ["README.md", "src/filter.py"],
    }


def test_templates_are_listed(say: Say, asked: Asked) -> None:
    requests = asked(VERB, RESULT)
    said = say("new", "--list")
    assert (said.code, requests) == (0, [])
    assert "python-http  " in said.out
    assert "  --set author=…  " in said.out
