from __future__ import annotations

from pathlib import Path

import pytest

from wasmkit.errors import InputError
from wasmkit.plugin import FailurePolicy
from wasmkit.progress import silent
from wasmkit.serve.served import FilterSource

TOML = """
[filter]
name = "hello"
version = "0.1.0"
description = "Sets a response header."
license = "Apache-2.0"
authors = ["You <you@example.com>"]
language = "python"
entry = "filter:Hello"
kind = "http"

[config]
schema = "config.schema.json"
example = { header = "x-hello" }
"""
SCHEMA = '{"type": "object", "properties": {"header": {"type": "string"}}}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "filter.py").write_text("class Hello: ...\n")
    (tmp_path / "wasmkit.toml").write_text(TOML)
    (tmp_path / "config.schema.json").write_text(SCHEMA)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "configuration"),
    [(None, b""), ("no JSON at all", b"no JSON at all"), ("@{folder}/c", b"\xff")],
    ids=["none", "text", "file"],
)
def test_a_module_is_served_as_it_is(
    tmp_path: Path, given: str | None, configuration: bytes
) -> None:
    module = tmp_path / "hello.wasm"
    module.write_bytes(b"\0asm")
    (tmp_path / "c").write_bytes(b"\xff")
    text = None if given is None else given.format(folder=tmp_path)
    served = FilterSource(module, text, progress=silent).load()
    assert (served.vm.code, served.name, served.root_id) == (b"\0asm", "hello", "")
    assert served.configuration == configuration
    assert served.failure_policy is FailurePolicy.FAIL_CLOSED


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("{", "--config is not JSON"),
        ("[" * 100_000, "--config is not JSON"),
        ('{"header": 1}', "--config: header: must be a string"),
        ("@absent", "absent: not found"),
    ],
    ids=["syntax", "deep", "schema", "absent"],
)
def test_a_projects_configuration_is_checked_before_anything_is_built(
    project: Path, given: str, text: str
) -> None:
    with pytest.raises(InputError, match=text):
        FilterSource(project, given, progress=silent).load()


def test_what_is_watched(project: Path, tmp_path: Path) -> None:
    for path in (project, project / "wasmkit.toml"):
        watched = set(FilterSource(path, "@c.json", progress=silent).paths())
        expected = {"src", "wasmkit.toml", "config.schema.json"}
        assert watched == {project / name for name in expected} | {Path("c.json")}
    assert list(FilterSource(tmp_path / "a.wasm", None, progress=silent).paths()) == [
        tmp_path / "a.wasm"
    ]
