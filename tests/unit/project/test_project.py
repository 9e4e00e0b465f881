import json
import os
from pathlib import Path

import pytest

from wasmkit.errors import InputError
from wasmkit.project import (
    SIZE_LIMIT,
    ConfigSection,
    Project,
    ProjectFile,
    configuration_fault,
    load_project,
    project_schema,
)
from wasmkit.project.json_schema import dotted
from wasmkit.project.toml_lines import TomlLines

MINIMAL = '[filter]\nname = "hello"\nversion = "0.1.0"\nentry = "filter:Hello"\n'
FULL = """\
[filter]
name = "hello-2"
version = "1.2.3-rc.1+build.5"
description = "Sets a response header."
license = "Apache-2.0 OR MIT"
authors = ["You <you@example.com>", "Zoë"]
language = "python"
entry = "package.inner:Hello"
kind = "http"
root_id = "my root"
on_error = "open"
lowest_envoy = "1.40"

[config]
schema = "schemas/config.json"
example = { header = "x-hello", limit = 1.5, list = [1, true, { a = {} }] }
"""


def write(root: Path, text: str, **files: str) -> Path:
    (root / "wasmkit.toml").write_text(text, encoding="utf-8")
    for name, content in {"src/filter.py": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


def failure(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_project(path)
    return caught.value


def test_defaults(tmp_path: Path) -> None:
    assert load_project(write(tmp_path, MINIMAL)) == Project(
        file=ProjectFile(tmp_path / "wasmkit.toml", TomlLines("")),
        name="hello",
        version="0.1.0",
        description="",
        license="",
        authors=(),
        language="python",
        entry="filter:Hello",
        kind="http",
        root_id="hello",
        on_error="close",
        lowest_envoy="1.36",
        config=ConfigSection(schema=None, example={}),
    )


def test_every_field(tmp_path: Path) -> None:
    schema = '{"type": "object", "required": ["header"]}'
    files = {"src/package/inner.py": "", "schemas/config.json": schema}
    project = load_project(write(tmp_path, FULL, **files) / "wasmkit.toml")
    assert project.version == "1.2.3-rc.1+build.5"
    assert project.authors == ("You <you@example.com>", "Zoë")
    assert (project.root_id, project.on_error, project.lowest_envoy) == ("my root", "open", "1.40")
    assert project.config.schema == tmp_path / "schemas/config.json"
    assert project.config.example == {
        "header": "x-hello",
        "limit": 1.5,
        "list": [1, True, {"a": {}}],
    }


def test_a_bom_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    data = b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()
    (tmp_path / "wasmkit.toml").write_bytes(data)
    assert load_project(tmp_path).name == "hello"


def test_files_of_a_project(tmp_path: Path) -> None:
    names = ["recordings/b.har", "recordings/a.har", "recordings/a.txt", "tests/b.yaml"]
    project = load_project(write(tmp_path, MINIMAL, **dict.fromkeys(names, "")))
    (tmp_path / "recordings/folder.har").mkdir()
    assert project.source_dir == tmp_path / "src"
    assert project.recordings == (tmp_path / "recordings/a.har", tmp_path / "recordings/b.har")
    assert project.expectations == (tmp_path / "tests/b.yaml",)
    assert project.readme is None
    (tmp_path / "README.md").touch()
    assert project.readme == tmp_path / "README.md"


def test_nothing_there_is_no_failure(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, MINIMAL))
    assert project.recordings == project.expectations == ()


def field(name: str, value: str) -> str:
    """Return the minimal file with one field set; that field is on its last line."""
    kept = [line for line in MINIMAL.splitlines() if not line.startswith(f"{name} =")]
    return "\n".join([*kept, f"{name} = {value}", ""])


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1: filter", "is missing"),
        ("[config]\n", "1: filter", "is missing"),
        ('\n\nfilter = "x"\n', "3: filter", "must be an object"),
        ('\n[filter]\nversion = "0.1.0"\nentry = "filter:A"\n', "2: filter.name", "is missing"),
        (MINIMAL + "[confg]\n", "5: confg", "unknown key"),
        (MINIMAL + "[config]\nsample = 1\n", "6: config.sample", "unknown key"),
        (MINIMAL + "[config]\nschema = 1\n", "6: config.schema", "must be a string"),
        (field("nmae", '"x"'), "5: filter.nmae", "unknown key"),
        *[
            (field("name", json.dumps(name)), "4: filter.name", "has not the right form")
            for name in ("", "Hello", "2fa", "a--b", "-a", "a-", "a_b", "a/b", "a\n", "é")
        ],
        (field("name", json.dumps("a" * 64)), "4: filter.name", "too long"),
        *[
            (field("version", json.dumps(version)), "4: filter.version", "has not the right form")
            for version in (
                "1",
                "1.0",
                "01.0.0",
                "1.0.0.0",
                "v1.0.0",
                "1.0.0-",
                "1.0.0-01",
                "1.0.0\n",
            )
        ],
        (field("entry", "1"), "4: filter.entry", "must be a string"),
        (field("language", '"rust"'), "5: filter.language", "is none of"),
        (field("kind", '"tcp"'), "5: filter.kind", "is none of"),
        (field("on_error", "true"), "5: filter.on_error", "is none of"),
        (field("lowest_envoy", '"1.35"'), "5: filter.lowest_envoy", "has not the right form"),
        (field("lowest_envoy", "1.36"), "5: filter.lowest_envoy", "must be a string"),
        (field("root_id", '""'), "5: filter.root_id", ""),
        (field("authors", '"me"'), "5: filter.authors", "must be an array"),
        (field("authors", '[\n  "me",\n  3]'), "7: filter.authors[1]", "must be a string"),
        (field("description", '"""two\nlines"""'), "5: filter.description", "right form"),
        (field("license", '"a\\u0000"'), "5: filter.license", "right form"),
    ],
    ids=str,
)
def test_what_is_refused(tmp_path: Path, text: str, place: str, words: str) -> None:
    error = failure(write(tmp_path, text))
    assert str(error).startswith(f"{tmp_path / 'wasmkit.toml'}:{place}: ")
    assert words in str(error)
    assert error.hint or "root_id" in place


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[filter\n", 1),
        ("a = 1\nb = = 2\n", 2),
        ("a = 1\na = 2\n", 2),
        ('a = """\n\n', 3),
        ("a = " + "[" * 5_000, None),
        ("a = " + "1" * 5_000, None),
        ("\n" + ".".join("a" * 5_000) + " = 1", 2),
        ("\n" + ". ".join(["'a b'"] * 5_000) + " = 1", 2),
    ],
    ids=lambda value: str(value)[:20],
)
def test_no_toml(tmp_path: Path, text: str, line: int | None) -> None:
    error = failure(write(tmp_path, text))
    assert error.file == tmp_path / "wasmkit.toml"
    assert error.line == line


def test_unknown_key_comes_with_a_proposal(tmp_path: Path) -> None:
    assert failure(write(tmp_path, field("licence", '"MIT"'))).hint == "did you mean 'license'?"


@pytest.mark.parametrize(
    "value", ["1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "nan", "-inf", "[1, [nan]]"]
)
def test_an_example_is_json(tmp_path: Path, value: str) -> None:
    text = f"{MINIMAL}[config.example]\nok = 1\nbad = {value}\n"
    error = failure(write(tmp_path, text))
    assert "not a JSON value" in str(error)
    assert error.line == 7
    assert error.field.startswith("config.example.bad")


@pytest.mark.parametrize(
    "name", ["../s.json", "/etc/passwd", "a/../../s.json", "C:\\s.json", "..\\s.json", "a\\u0000b"]
)
def test_paths_stay_inside(tmp_path: Path, name: str) -> None:
    (tmp_path / "s.json").write_text("{}")
    root = tmp_path / "project"
    root.mkdir()
    escaped = name if "\\u" in name else name.replace("\\", "\\\\")
    error = failure(write(root, f'{MINIMAL}[config]\nschema = "{escaped}"\n'))
    assert "leads out of the project" in str(error)
    assert (error.line, error.field) == (6, "config.schema")


def test_a_link_out_is_refused_and_one_inside_followed(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{}")
    root = tmp_path / "project"
    root.mkdir()
    write(root, f'{MINIMAL}[config]\nschema = "link.json"\n', **{"real.json": "true"})
    (root / "link.json").symlink_to("../s.json")
    assert "leads out" in str(failure(root))
    (root / "link.json").unlink()
    (root / "link.json").symlink_to("real.json")
    assert load_project(root).config.schema == root / "link.json"
    (root / "link.json").unlink()
    (root / "link.json").symlink_to("link.json")
    assert failure(root).field == "config.schema"


def test_the_project_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write(tmp_path / "real", f'{MINIMAL}[config]\nschema = "s.json"\n', **{"s.json": "{}"})
    (tmp_path / "link").symlink_to("real")
    assert load_project(tmp_path / "link").root == tmp_path / "link"


SCHEMA = json.dumps(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {"rules": {"items": {"properties": {"name": {"type": "string"}}}}},
    }
)


@pytest.mark.parametrize(
    ("example", "line", "name"),
    [
        ("example = { rules = [{ name = 1 }] }", 7, "config.example.rules[0].name"),
        ("[[config.example.rules]]\n[[config.example.rules]]\nname = 3", 9, "rules[1].name"),
        ("example = { ruls = 1 }", 7, "config.example.ruls"),
        ("example = 3", 7, "config.example"),
    ],
    ids=str,
)
def test_the_example_fits_the_schema(tmp_path: Path, example: str, line: int, name: str) -> None:
    text = f'{MINIMAL}[config]\nschema = "s.json"\n{example}\n'
    error = failure(write(tmp_path, text, **{"s.json": SCHEMA}))
    assert error.line == line
    assert error.field.endswith(name)
    assert error.hint


def test_without_an_example_the_empty_one_must_fit(tmp_path: Path) -> None:
    text = f'{MINIMAL}[config]\nschema = "s.json"\n'
    error = failure(write(tmp_path, text, **{"s.json": '{"required": ["a"]}'}))
    assert (error.line, error.field) == (5, "config.example.a")


@pytest.mark.parametrize(
    ("schema", "line", "words"),
    [
        ('{\n"type": "object",\n}', 3, "not valid JSON"),
        ("", 1, "not valid JSON"),
        ("[" * 100_000, None, "nested too deeply"),
        ("1" * 5_000, None, "not valid JSON"),
        ('{"type": "strin"}', None, "not a valid JSON Schema: type"),
        ('{"$ref": "https://example.invalid/"}', None, "not a valid JSON Schema"),
        ('{"$ref": "#"}', None, "not a valid JSON Schema"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_useless_schema(tmp_path: Path, schema: str, line: int | None, words: str) -> None:
    text = f'{MINIMAL}[config]\nschema = "s.json"\n'
    error = failure(write(tmp_path, text, **{"s.json": schema}))
    assert (error.file, error.line) == (tmp_path / "s.json", line)
    assert words in str(error)


def test_other_configurations_are_checked_too(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(SCHEMA)
    config = ConfigSection(schema=tmp_path / "s.json", example={})
    assert configuration_fault(config, {"rules": []}) is None
    fault = configuration_fault(config, {"rules": [{"name": 1}]})
    assert fault is not None
    assert dotted(fault.path) == "rules[0].name"
    assert configuration_fault(ConfigSection(schema=None, example={}), object()) is None


def test_not_found(tmp_path: Path) -> None:
    error = failure(tmp_path)
    assert str(error) == f"{tmp_path / 'wasmkit.toml'}: not found"
    assert "wasmkit new" in error.hint
    assert "not found" in str(failure(tmp_path / "absent" / "wasmkit.toml"))


def test_too_large(tmp_path: Path) -> None:
    assert "larger than" in str(failure(write(tmp_path, "#" * (SIZE_LIMIT + 1))))


def test_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "wasmkit.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    error = failure(tmp_path)
    assert error.line == 2
    assert "UTF-8" in str(error)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wasmkit.toml")
    assert "is not a file" in str(failure(tmp_path))


def test_every_field_of_the_schema_says_what_it_wants() -> None:
    sections = project_schema()["properties"]
    for section in sections.values():
        for name, part in section["properties"].items():
            assert part["description"], name
