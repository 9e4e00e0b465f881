from __future__ import annotations

from wasmkit.project import project_schema
from wasmkit.toolchain import LANGUAGES


def test_the_languages_are_those_that_a_project_can_name() -> None:
    properties = project_schema()["properties"]["filter"]["properties"]
    assert [language.name for language in LANGUAGES] == properties["language"]["enum"]


def test_a_toolchain_has_one_key() -> None:
    for language in LANGUAGES:
        assert len(language.cache_key) >= 32
        assert language.cache_key == language.cache_key
