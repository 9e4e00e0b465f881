import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from toolneeds import need_program
from wasmkit.project import load_project
from wasmkit.project.json_schema import find_fault

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
WASMKIT = [sys.executable, "-c", "from wasmkit.cli.main import entry_point; entry_point()"]
FILTERS = sorted((ROOT / "filters").glob("*/wasmkit.toml"))


def wasmkit(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WASMKIT, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def compare(name: str, text: str, config: pytest.Config) -> None:
    file = GOLDEN / name
    if config.getoption("--update-golden", default=False):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def tree(folder: Path) -> Iterator[str]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        # A recording is long, and copied as it is.
        text = "(a recording)\n" if file.suffix == ".har" else file.read_text(encoding="utf-8")
        yield f"==> {name} <==\n{text}"


def test_the_project_is_the_golden_one(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    result = wasmkit("new", "my-filter", "--no-input", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    compare("new-python-http.txt", "\n".join(tree(tmp_path / "my-filter")), pytestconfig)
    compare("new-python-http-output.txt", result.stdout, pytestconfig)
    shipped = ROOT / "templates/python-http/content/recordings/example.har"
    made = tmp_path / "my-filter/recordings/example.har"
    assert made.read_bytes() == shipped.read_bytes()


def test_help_and_list(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    result = wasmkit("new", "--help", cwd=tmp_path)
    assert result.returncode == 0
    compare("new-help.txt", result.stdout, pytestconfig)
    result = wasmkit("new", "--list", cwd=tmp_path)
    assert result.returncode == 0
    compare("new-list.txt", result.stdout, pytestconfig)


def test_the_project_is_sound(tmp_path: Path) -> None:
    result = wasmkit("new", "sub-folder", "--set", "author=Zoë <z@example.com>", cwd=tmp_path)
    assert result.returncode == 0
    project = load_project(tmp_path / "sub-folder")
    assert (project.name, project.entry) == ("sub-folder", "filter:SubFolder")
    assert (project.root_id, project.authors) == ("sub-folder", ("Zoë <z@example.com>",))
    assert project.config.example == {"header": "x-hello", "value": "world"}
    assert [file.name for file in project.recordings] == ["example.har"]
    assert [file.name for file in project.expectations] == ["example.yaml"]
    assert project.readme is not None
    assert project.config.schema is not None
    schema = json.loads(project.config.schema.read_text(encoding="utf-8"))
    jsonschema.validate(project.config.example, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "NAME"),
        (["Hello"], "not a name for a filter"),
        (["a/b"], "is not there"),
        (["hello", "--template", "rust-http"], "no template"),
        (["hello", "--set", "author"], "KEY=VALUE"),
        (["hello", "--set", "autor=me"], "did you mean 'author'"),
        (["hello", "--set", "license=ÄÖÜ"], "SPDX"),
        (["full"], "not empty"),
    ],
    ids=str,
)
def test_what_is_refused(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    result = wasmkit("new", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "mine"]


def test_it_asks_on_a_terminal(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [*WASMKIT, "new", "hello", "--set", "license=MIT"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        # A description with a quote is refused and asked for again; the author stays.
        os.write(controller, b'say "hi"\nSays hi.\n\n')
        shown = b""
        while True:
            try:
                part = os.read(controller, 4096)
            except OSError:  # Linux says so when the other side has closed its terminal
                break
            if not part:
                break
            shown += part
        assert process.wait(30) == 0
    os.close(controller)
    assert b"without double quotes" in shown
    assert b"Licence" not in shown
    project = load_project(tmp_path / "hello")
    assert (project.description, project.license) == ("Says hi.", "MIT")


def test_the_made_source_is_clean(tmp_path: Path) -> None:
    ruff = need_program("ruff")
    assert wasmkit("new", "hello", "--no-input", cwd=tmp_path).returncode == 0
    settings = ["--isolated", "--line-length=100", "--no-cache"]
    for command in (["check", *settings], ["format", "--check", *settings]):
        subprocess.run([ruff, *command, tmp_path / "hello"], check=True, capture_output=True)


IMPORT = """
import importlib, json, sys
from wasmkit.sdk.schema import configuration_schema

sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].partition(":")
filter_class = getattr(importlib.import_module(module), name)
json.dump(configuration_schema(sys.modules[module].Config), sys.stdout)
"""


def derived_schema(folder: Path) -> dict[str, object]:
    """Return the schema of the configuration class, which a fresh interpreter imports."""
    project = load_project(folder)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT, project.source_dir, project.entry],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    schema: dict[str, object] = json.loads(result.stdout)
    return schema


def bare(schema: object) -> object:
    """Return a schema without what a configuration class cannot say."""
    unsaid = {"description", "title", "pattern", "minimum"}
    if isinstance(schema, dict):
        return {key: bare(value) for key, value in schema.items() if key not in unsaid}
    return [bare(item) for item in schema] if isinstance(schema, list) else schema


def test_the_made_filter_reads_what_its_schema_says(tmp_path: Path) -> None:
    assert wasmkit("new", "hello", "--no-input", cwd=tmp_path).returncode == 0
    shipped = json.loads((tmp_path / "hello/config.schema.json").read_text(encoding="utf-8"))
    assert bare(shipped) == bare(derived_schema(tmp_path / "hello"))


@pytest.mark.parametrize("file", FILTERS, ids=lambda file: file.parent.name)
def test_gallery_filters_read_what_their_schemas_say(file: Path) -> None:
    project = load_project(file)
    assert project.recordings
    assert project.expectations
    assert project.readme is not None
    assert project.config.schema is not None
    shipped = json.loads(project.config.schema.read_text(encoding="utf-8"))
    derived = derived_schema(file.parent)
    assert bare(shipped) == bare(derived)
    # The defaults that the schema promises are what it allows.
    for name, part in shipped["properties"].items():
        assert find_fault(part, part["default"]) is None, name


@pytest.mark.parametrize("file", FILTERS, ids=lambda file: file.parent.name)
def test_gallery_readmes_have_a_row_for_each_key(file: Path) -> None:
    project = load_project(file)
    assert project.config.schema is not None
    assert project.readme is not None
    text = project.readme.read_text(encoding="utf-8")
    for name in json.loads(project.config.schema.read_text(encoding="utf-8"))["properties"]:
        assert f"\n| `{name}` |" in text
