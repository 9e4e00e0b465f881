"""The verb ``build`` with a language whose compiler is wasmtime's assembler."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
import wasmtime

from filter_project import make_project
from wasmkit.errors import BuildError, InputError
from wasmkit.progress import Event, Step
from wasmkit.toolchain import BuildRequest, build, build_project, language

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.progress import Progress
    from wasmkit.project import Project

TEXT = '(module (func (export "proxy_abi_version_0_2_1")))'


class Text:
    """Takes WebAssembly text for Python."""

    name = "python"
    cache_key = "wat 1"
    code = None

    def check(self, project: Project) -> None:
        if project.entry == "filter:Missing":
            raise InputError("there is none", field="filter.entry")

    def build(self, project: Project, progress: Progress) -> bytes:
        progress(Step("assembling"))
        try:
            return bytes(wasmtime.wat2wasm((project.source_dir / "filter.py").read_text()))
        except wasmtime.WasmtimeError as error:
            raise BuildError("no text", detail=str(error)) from error


@pytest.fixture(autouse=True)
def _text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "LANGUAGES", (Text(),))


def test_module_and_document_are_written_side_by_side(tmp_path: Path) -> None:
    events: list[Event] = []
    make_project(tmp_path, TEXT, name="hello")
    built = build_project(BuildRequest(tmp_path), events.append)
    assert built.file == tmp_path / "build" / "hello.wasm"
    assert built.document_file == tmp_path / "build" / "hello.json"
    assert built.file.read_bytes() == built.module == bytes(wasmtime.wat2wasm(TEXT))
    document = json.loads(built.document_file.read_text())
    assert document["module"]["sha256"] == hashlib.sha256(built.module).hexdigest()
    assert document["filter"]["name"] == "hello"
    assert built.toolchain == "python wat 1"
    assert events == [Step("assembling")]
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == [
        "hello.json",
        "hello.wasm",
    ]


def test_an_output_of_the_users(tmp_path: Path) -> None:
    make_project(tmp_path / "p", TEXT)
    built = build_project(BuildRequest(tmp_path / "p" / "wasmkit.toml", tmp_path / "o" / "x.y"))
    assert (built.file.name, built.document_file.name) == ("x.y", "x.json")
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"x.y", "x.json"}
    assert not (tmp_path / "p" / "build").exists()


@pytest.mark.parametrize(
    ("source", "entry", "output", "error"),
    [
        (TEXT, "filter:Missing", "x.wasm", InputError),
        ("(module", "filter:Tested", "x.wasm", BuildError),
        (TEXT, "filter:Tested", "x.json", InputError),
    ],
    ids=["entry", "source", "document's-place"],
)
def test_nothing_is_written_of_what_fails(
    tmp_path: Path, source: str, entry: str, output: str, error: type[Exception]
) -> None:
    make_project(tmp_path, source, entry=entry)
    with pytest.raises(error):
        build_project(BuildRequest(tmp_path, tmp_path / "o" / output))
    assert not (tmp_path / "o").exists()


def test_a_build_checks_first(tmp_path: Path) -> None:
    events: list[Event] = []
    project = make_project(tmp_path, "(module", entry="filter:Missing")
    with pytest.raises(InputError, match=r"filter\.entry: there is none"):
        build(project, progress=events.append)
    assert events == []
