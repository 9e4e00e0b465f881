"""What ``wasmkit new`` makes, built as it is, on every Envoy that this project answers for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, answer_of, play
from wasmkit.engines.envoy import EnvoyEngine
from wasmkit.project import Project, load_project
from wasmkit.project.templates import find_template, make_project
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("new") / "hello"
    make_project(find_template("python-http"), folder, {})
    return load_project(folder)


@pytest.fixture(scope="module")
def module(project: Project) -> bytes:
    return build(project)


def test_it_sets_its_header(project: Project, module: bytes, stock_envoy: Path) -> None:
    exchange = Exchange(a_request("GET", "https", "shop.example", "/"), a_response(200, (), b"hi"))
    plugin = project.plugin_config(module, json.dumps(project.config.example).encode())
    with EnvoyEngine(plugin, envoy=stock_envoy) as engine:
        for _ in range(3):
            outcome = play(engine, exchange)
            assert outcome.trap == ""
            assert outcome.logs == ()
            assert (b"x-hello", b"world") in answer_of(outcome).headers
            assert answer_of(outcome).body == b"hi"
