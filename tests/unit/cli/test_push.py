from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.requests import PushRequest, PushResult
from wasmkit.artifact.verdict import HubState, HubVerdict

if TYPE_CHECKING:
    from command_line import Asked, Say

VERB = "wasmkit.artifact.push_filter"
DIGEST, SHA = "sha256:" + "1" * 64, "2" * 64
RESULT = PushResult(parse_reference("h.example/a:1.0.0"), DIGEST, SHA, 99, already_there=False)
HERE = PushRequest(Path(), "h.example/a")


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["h.example/a"], HERE),
        (["hello", "h.example/a"], replace(HERE, path=Path("hello"))),
        (
            ["a.wasm", "h.example/a", "--name", "n", "--version", "1.0.0"],
            replace(HERE, path=Path("a.wasm"), name="n", version="1.0.0"),
        ),
        (["--force", "--plain-http", "h.example/a"], replace(HERE, force=True, plain_http=True)),
        (["--wait", "2.5", "h.example/a"], replace(HERE, wait_seconds=2.5)),
        (["--no-wait", "--wait", "9", "h.example/a"], replace(HERE, wait_seconds=0)),
    ],
    ids=["here", "project", "file", "switches", "wait", "no-wait"],
)
def test_what_is_pushed(
    say: Say,
    asked: Asked,
    arguments: list[str],
    request_: PushRequest,
) -> None:
    requests = asked(VERB, RESULT)
    assert say("push", *arguments).code == 0
    assert requests == [request_]


def test_three_places_are_too_many(say: Say, asked: Asked) -> None:
    requests = asked(VERB, RESULT)
    said = say("push", "a", "b", "c")
    assert (said.code, requests) == (2, [])
    assert "at most a PATH and a REF" in said.err


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [
        (HubState.SERVED, "serves it", 0),
        (HubState.MEASURING, "still measures it", 0),
        (HubState.BLOCKED, "blocks it", 1),
    ],
    ids=["served", "measuring", "blocked"],
)
def test_the_hubs_verdict(
    say: Say,
    asked: Asked,
    state: HubState,
    words: str,
    code: int,
) -> None:
    verdict = HubVerdict(state, DIGEST, ("Envoy 1.38 refuses it",), "https://h.example/a")
    asked(VERB, replace(RESULT, verdict=verdict))
    said = say("push", "h.example/a")
    assert said.code == code
    assert f"  hub            {words}  https://h.example/a\n" in click.unstyle(said.out)
    assert said.out.endswith("                 Envoy 1.38 refuses it\n")
    report = say("push", "h.example/a", "--json")
    assert report.code == code
    assert json.loads(report.out)["hub"] == {
        "state": state.value,
        "reasons": ["Envoy 1.38 refuses it"],
        "page": "https://h.example/a",
    }


@pytest.mark.parametrize("there", [False, True], ids=["new", "already-there"])
def test_what_is_printed(say: Say, asked: Asked, *, there: bool) -> None:
    asked(VERB, replace(RESULT, already_there=there))
    lines = click.unstyle(say("push", "h.example/a").out).splitlines()
    assert lines[0] == "pushed  h.example/a:1.0.0" + ("  (already there)" if there else "")
    assert f"  image digest   {DIGEST}" in lines
    assert f"  module sha256  {SHA}" in lines
    assert json.loads(say("push", "h.example/a", "--json").out) == {
        "reference": "h.example/a:1.0.0",
        "image_digest": DIGEST,
        "module_sha256": SHA,
        "module_size": 99,
        "already_there": there,
        "hub": None,
    }
