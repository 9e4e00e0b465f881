from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import jsonschema
import pytest

from wasmkit.errors import InputError
from wasmkit.inspection import inspect_module
from wasmkit.project import FilterFacts, load_project, project_schema
from wasmkit.project.document import (
    SIZE_LIMIT,
    Configuration,
    FilterDocument,
    document_schema,
)
from wat_guest import guest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INSPECTION = inspect_module(guest())
BARE = FilterDocument(FilterFacts(name="hello", version="0.1.0"), INSPECTION)
FULL = FilterDocument(
    FilterFacts(
        name="hello",
        version="0.1.0",
        description="Grüße.",
        license="MIT",
        authors=("A", "B"),
        language="python",
        kind="http",
        root_id="r",
        on_error="open",
        lowest_envoy="1.38",
    ),
    INSPECTION,
    Configuration({"type": "object"}, {"header": "x-a", "list": [1, 1.5, None]}),
)


def test_the_shipped_schema_is_the_classes(golden: Callable[[str, str], None]) -> None:
    text = json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"
    golden("../../wasmkit/project/document.schema.json", text)


def test_the_facts_of_a_filter_are_those_of_wasmkit_toml() -> None:
    properties = project_schema()["properties"]["filter"]["properties"]
    names = {field.name for field in fields(FilterFacts)}
    assert names == set(properties) - {"entry"}


@pytest.mark.parametrize("document", [BARE, FULL], ids=["bare", "full"])
def test_there_and_back(document: FilterDocument) -> None:
    data = document.to_bytes()
    assert FilterDocument.from_bytes(data) == document
    jsonschema.Draft202012Validator(document_schema()).validate(json.loads(data))
    assert data == replace(document).to_bytes()


def test_a_bare_module_says_no_more_than_is_known() -> None:
    value = BARE.to_json()
    assert value["filter"] == {"name": "hello", "version": "0.1.0"}
    assert value["config"] == {"schema": None, "example": None}
    assert value["module"]["sha256"] == INSPECTION.sha256
    assert {verdict["outcome"] for verdict in value["module"]["verdicts"]} == {"loads"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ('{"type": "object"}', {"type": "object"}),
        ("true", {}),
    ],
)
def test_a_project_and_its_module(tmp_path: Path, schema: str, expected: object) -> None:
    (tmp_path / "s.json").write_text(schema)
    (tmp_path / "wasmkit.toml").write_text(
        '[filter]\nname = "hello"\nversion = "0.1.0"\nentry = "a:B"\non_error = "open"\n'
        '[config]\nschema = "s.json"\nexample = { a = 1 }\n'
    )
    document = FilterDocument.of_project(load_project(tmp_path), INSPECTION)
    assert document.filter.on_error == "open"
    assert document.filter.root_id == "hello"
    assert document.filter.lowest_envoy == "1.36"
    assert document.config == Configuration(expected, {"a": 1})  # type: ignore[arg-type]  # a schema
    assert document.module is INSPECTION


def changed(**parts: object) -> bytes:
    return json.dumps({**FULL.to_json(), **parts}).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 10_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "version: the filter document has no version"),
        (changed(version="1"), "has no version"),
        (changed(version=True), "has no version"),
        (changed(version=0), "has no version"),
        (changed(version=2), "a newer wasmkit wrote this"),
        (changed(filter=None), "filter: must be an object"),
        (changed(filter={"name": "a"}), "filter.version: is missing"),
        (changed(module={"size": "1"}), "module.size: must be an integer"),
        (changed(config={"schema": []}), "config.schema: must be an object"),
        (changed().replace(b'"hello"', b"NaN"), "not JSON"),
        (changed().replace(b'"x-a"', b"1e999"), "not JSON"),
        (changed().replace(b'"x-a"', b'"\\ud800"'), "not JSON"),
        (b" " * SIZE_LIMIT + b"{}", "larger than 1 MiB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        FilterDocument.from_bytes(data)


def test_unknown_fields_are_ignored() -> None:
    value = FULL.to_json()
    value["extra"] = value["filter"]["extra"] = value["module"]["extra"] = [1]
    assert FilterDocument.from_bytes(json.dumps(value).encode()) == FULL


def test_a_document_that_nobody_could_read_is_not_written() -> None:
    huge = replace(FULL, config=Configuration(None, "x" * SIZE_LIMIT))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        huge.to_bytes()
