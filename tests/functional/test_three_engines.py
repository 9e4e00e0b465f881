"""The three engines give the same outcomes: each filter on each shop recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from messages import play
from toolneeds import need_module
from wasmkit.engines.engine import Callback, HostCall
from wasmkit.project import Project, load_project
from wasmkit.project.templates import find_template, make_project
from wasmkit.replay.normal import normalise
from wasmkit.replay.session import open_engine
from wasmkit.toolchain import build
from wasmkit.traffic.har import read_har

if TYPE_CHECKING:
    from wasmkit.engines.engine import Event, Outcome

ROOT = Path(__file__).parent.parent.parent
RECORDINGS = sorted((ROOT / "tests" / "recordings").glob("*.har"))
FILTERS = ("hello", "json-check", "security-headers")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Project, bytes]]:
    hello = tmp_path_factory.mktemp("new") / "hello"
    make_project(find_template("python-http"), hello, {})
    folders = [hello, *(ROOT / "filters" / name for name in FILTERS[1:])]
    loaded = [load_project(folder) for folder in folders]
    return {project.name: (project, build(project)) for project in loaded}


def outcomes(kind: str, project: Project, module: bytes, recording: Path) -> list[Outcome]:
    configuration = json.dumps(project.config.example).encode()
    with open_engine(kind, project, module, configuration) as engine:
        return [normalise(play(engine, exchange)) for exchange in read_har(recording).exchanges]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", FILTERS)
def test_the_engines_agree(
    name: str, recording: Path, projects: dict[str, tuple[Project, bytes]]
) -> None:
    need_module("envoy")
    project, module = projects[name]
    real = outcomes("envoy", project, module, recording)
    assert len(real) >= 19
    for kind in ("wasm", "native"):
        found = outcomes(kind, project, module, recording)
        for number, (expected, got) in enumerate(zip(real, found, strict=True), 1):
            assert got == expected, f"{kind}, exchange {number}"


def calls_in(outcome: Outcome) -> list[Event]:
    """Return the callbacks, and the host calls of the ABI; addresses are a guest's own affair."""
    return [
        each.without_addresses() if isinstance(each, HostCall) else each
        for each in outcome.events
        if isinstance(each, Callback)
        or (isinstance(each, HostCall) and each.name.startswith("proxy_"))
    ]


@pytest.mark.parametrize("name", FILTERS)
def test_the_engines_make_the_same_calls(
    name: str, projects: dict[str, tuple[Project, bytes]]
) -> None:
    need_module("envoy")
    project, module = projects[name]
    configuration = json.dumps(project.config.example).encode()
    exchanges = read_har(RECORDINGS[0]).exchanges
    found: dict[str, list[list[Event]]] = {}
    for kind in ("envoy", "wasm", "native"):
        with open_engine(kind, project, module, configuration, trace=True) as engine:
            found[kind] = [calls_in(play(engine, exchange)) for exchange in exchanges]
    assert any(isinstance(each, HostCall) for calls in found["envoy"] for each in calls)
    assert found["wasm"] == found["envoy"]
    assert found["native"] == found["envoy"]
