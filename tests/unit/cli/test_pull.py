from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.requests import PullRequest, PullResult

if TYPE_CHECKING:
    from command_line import Asked, Say

VERB = "wasmkit.artifact.pull_filter"
DIGEST, SHA = "sha256:" + "1" * 64, "2" * 64
RESULT = PullResult(parse_reference("h.example/a:1.0.0"), Path("p.wasm"), DIGEST, SHA, 99)


@pytest.mark.parametrize(
    ("switches", "request_"),
    [
        ([], PullRequest("h.example/a:1.0.0", Path("p.wasm"))),
        (["--force"], PullRequest("h.example/a:1.0.0", Path("p.wasm"), force=True)),
        (["--plain-http"], PullRequest("h.example/a:1.0.0", Path("p.wasm"), plain_http=True)),
    ],
    ids=["plain", "force", "plain-http"],
)
def test_what_is_pulled(
    say: Say,
    asked: Asked,
    switches: list[str],
    request_: PullRequest,
) -> None:
    requests = asked(VERB, RESULT)
    said = say("pull", "h.example/a:1.0.0", "-o", "p.wasm", *switches)
    assert said.code == 0
    assert requests == [request_]
    assert click.unstyle(said.out).splitlines() == [
        "pulled  h.example/a:1.0.0 to p.wasm",
        f"  image digest   {DIGEST}",
        f"  module sha256  {SHA}",
    ]


def test_json(say: Say, asked: Asked) -> None:
    asked(VERB, RESULT)
    assert json.loads(say("pull", "h.example/a", "-o", "p.wasm", "--json").out) == {
        "reference": "h.example/a:1.0.0",
        "file": "p.wasm",
        "image_digest": DIGEST,
        "module_sha256": SHA,
        "module_size": 99,
    }
