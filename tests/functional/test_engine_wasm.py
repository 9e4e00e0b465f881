"""The wasm engine with real Python filters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from messages import a_request, a_response, play
from wasmkit.engines.native import NativeEngine
from wasmkit.engines.wasm import WasmEngine
from wasmkit.project import load_project
from wasmkit.replay.normal import normalise
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange

FILTERS = Path(__file__).resolve().parents[2] / "filters"
GET = Exchange(
    a_request("GET", "http", "a.test", "/"), a_response(200, (("content-length", "2"),), b"ok")
)
POST = Exchange(
    a_request("POST", "http", "a.test", "/", (("content-type", "application/json"),), b'{"a":'),
    a_response(200, (), b"ok"),
)


@pytest.mark.parametrize("name", ["security-headers", "json-check"])
def test_a_python_filter_does_the_same_as_a_module_and_as_python(name: str) -> None:
    project = load_project(FILTERS / name)
    configuration = json.dumps(project.config.example).encode()
    data = build(project)
    exchanges = (GET, POST, GET)
    with NativeEngine(project, project.plugin_config(b"", configuration)) as native:
        expected = [normalise(play(native, exchange)) for exchange in exchanges]
    with WasmEngine(project.plugin_config(data, configuration)) as wasm:
        assert [normalise(play(wasm, exchange)) for exchange in exchanges] == expected
