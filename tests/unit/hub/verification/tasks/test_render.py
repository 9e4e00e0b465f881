"""From a README or a schema to what is kept for pages, in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wasmkit_hub.verification.tasks import render

if TYPE_CHECKING:
    import pytest


def test_readme() -> None:
    render.prepare()
    answer = render.run({"kind": render.README}, [b"# Hello\n\nwords"])
    assert answer == {
        "heading": "Hello",
        "heading_html": "<h3>Hello</h3>\n",
        "html": "<p>words</p>\n",
    }


def test_schema() -> None:
    schema = {"properties": {"a": {"type": "string", "default": "x"}}}
    answer = render.run({"kind": render.SCHEMA}, [json.dumps(schema).encode()])
    assert answer["defaults"] == {"a": "x"}
    assert [row["path"] for row in answer["rows"]] == ["a"]
    assert answer["is_cut"] is False


def test_what_becomes_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "_LONGEST_HTML", 10)
    answer = render.run({"kind": render.README}, [b"more than ten characters"])
    assert answer == {"failed": "it becomes too long for a page"}
