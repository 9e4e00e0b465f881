from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from publications import publication_of
from registries import filter_module
from wasmkit.toolchain import BuildRequest, BuildResult

if TYPE_CHECKING:
    from command_line import Asked, Say

MODULE = filter_module()
RESULT = BuildResult(
    Path("b/a.wasm"), Path("b/a.json"), MODULE, publication_of(MODULE).document, "python 123"
)


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        ([], BuildRequest(Path())),
        (["hello"], BuildRequest(Path("hello"))),
        (["hello", "-o", "x.wasm"], BuildRequest(Path("hello"), Path("x.wasm"))),
        (["--output", "x.wasm"], BuildRequest(Path(), Path("x.wasm"))),
    ],
    ids=["here", "path", "output", "long"],
)
def test_what_is_built(
    say: Say,
    asked: Asked,
    arguments: list[str],
    request_: BuildRequest,
) -> None:
    requests = asked("wasmkit.toolchain.build_project", RESULT)
    said = say("build", *arguments)
    assert said.code == 0
    assert requests == [request_]
    assert said.out == (f"built b/a.wasm ({len(MODULE):,} bytes)\n      b/a.json says what it is\n")


def test_json(say: Say, asked: Asked) -> None:
    asked("wasmkit.toolchain.build_project", RESULT)
    assert json.loads(say("build", "--json").out) == {
        "file": "b/a.wasm",
        "document_file": "b/a.json",
        "module_sha256": hashlib.sha256(MODULE).hexdigest(),
        "module_size": len(MODULE),
        "toolchain": "python 123",
    }
