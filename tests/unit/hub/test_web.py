"""What strangers wrote, on its way to a page."""

from __future__ import annotations

import json
import time
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml

from wasmkit_hub.storage.tables import ImageRow
from wasmkit_hub.web.capabilities import abilities_of
from wasmkit_hub.web.readme import render_readme
from wasmkit_hub.web.schema_rows import defaults_of, schema_table
from wasmkit_hub.web.snippets import snippets
from wasmkit_hub.web.words import ago, bytes_in_words, utc


class _Reader(HTMLParser):
    """Reads HTML as a browser would: the independent opinion."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "handler": "<img src=x onerror=alert(1)>",
    "link": "[x](javascript:alert(1))",
    "link in disguise": "[x](JaVaScRiPt:alert(1))",
    "data link": "[x](data:text/html,<script>alert(1)</script>)",
    "image": "![words](https://tracker.example/x.png)",
    "autolink": "<javascript:alert(1)>",
    "style": '<p style="position:fixed">x</p>',
    "title": '[x](https://example.com/ "\\" onclick=\\"alert(1)")',
    "fence": '```"><script>alert(1)</script>\nx\n```',
    "iframe": "<iframe src=//evil.example></iframe>",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_readme_does_nothing(text: str) -> None:
    reader = _Reader()
    reader.feed(render_readme(text.encode(), "name"))
    for tag, attributes in reader.found:
        assert tag in {"p", "a", "pre", "code"}
        assert set(attributes) <= {"href", "title", "rel", "tabindex"}
        assert attributes.get("href", "https://").startswith("https://")


def test_readme() -> None:
    html = render_readme(
        b"# Hello\n## Use\n[a](https://a.example) [b](docs/b.md) ![words](c.png)\n\n```\nx\n```\n",
        "hello",
    )
    assert "Hello" not in html  # the page has that title already
    assert "<h4>Use</h4>" in html
    assert '<a href="https://a.example" rel="nofollow noopener noreferrer">a</a>' in html
    assert "docs/b.md" not in html
    assert "words" in html
    assert '<pre tabindex="0">' in html


@pytest.mark.parametrize(
    "text", ["[" * 200_000, ">" * 200_000, "*a " * 80_000, "- " * 100_000, "\xff\x00" * 999]
)
def test_readme_ends(text: str) -> None:
    start = time.monotonic()
    render_readme(text.encode("latin-1"), "x")
    assert time.monotonic() - start < 20


def rows(schema: object) -> list[tuple[object, ...]]:
    table = schema_table(json.dumps(schema).encode())
    return [(r.path, r.type, r.required, r.default, r.values, r.limits) for r in table.rows]


def test_schema() -> None:
    schema = {
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "default": "x", "pattern": "^x", "description": "words"},
            "b": {
                "properties": {
                    "c": {"type": ["integer", "null"], "enum": [1, None], "minimum": 0},
                    "d": {"type": "array", "items": {"properties": {"e": {"const": True}}}},
                }
            },
            "f": {"additionalProperties": {"$ref": "#/$defs/f~1x"}, "type": "object"},
            "g": {"oneOf": [{"type": "string"}, {"type": "number"}]},
        },
        "$defs": {"f/x": {"type": "boolean"}},
    }
    assert rows(schema) == [
        ("a", "string", True, '"x"', (), ('matches "^x"',)),
        ("b", "object", False, "", (), ()),
        ("b.c", "integer or null", False, "", ("1", "null"), ("at least 0",)),
        ("b.d", "array", False, "", (), ()),
        ("b.d[].e", "", False, "", ("true",), ()),
        ("f", "object", False, "", (), ()),
        ("f.*", "boolean", False, "", (), ()),
        ("g", "string or number", False, "", (), ()),
    ]


ODD: dict[str, object] = {
    "list": [],
    "number": 7,
    "properties is a list": {"properties": []},
    "property is a number": {"properties": {"a": 7}},
    "all wrong": {"properties": {"a": {"type": 7, "enum": 7, "required": 7, "items": 7}}},
    "types wrong": {"properties": {"a": {"type": [7, {}], "oneOf": 7, "title": 7}}},
    "refers to itself": {"properties": {"a": {"$ref": "#/properties/a"}}},
    "refers in a ring": {"$ref": "#/a", "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}},
    "refers to nothing": {"properties": {"a": {"$ref": "#/nothing"}}},
    "refers elsewhere": {"properties": {"a": {"$ref": "https://example.com/s"}}},
    "contains itself": {"properties": {"a": {"$ref": "#/d"}, "b": {}}, "d": {"$ref": "#"}},
    "grows": {
        "$ref": "#/d",
        "d": {"properties": {"a": {"$ref": "#/d"}, "b": {"$ref": "#/d"}}},
    },
}


@pytest.mark.parametrize("schema", ODD.values(), ids=ODD)
def test_odd_schema(schema: object) -> None:
    start = time.monotonic()
    assert len(rows(schema)) <= 200
    defaults_of(json.dumps(schema).encode())
    assert time.monotonic() - start < 5


def test_huge_schema_is_cut() -> None:
    table = schema_table(
        json.dumps(
            {"properties": {f"p{n}": {"description": "x" * 900} for n in range(500)}}
        ).encode()
    )
    assert table.is_cut
    assert len(table.rows) == 200
    assert len(table.rows[0].description) == 500


def test_defaults() -> None:
    properties: dict[str, Any] = {
        "a": {"default": "x"},
        "b": {"default": [1, {"deep": 1}]},
        "c": {"default": ["y"]},
        "d": {},
    }
    content = json.dumps({"properties": properties}).encode()
    assert defaults_of(content) == {"a": "x", "c": ["y"]}
    assert defaults_of(content.replace(b'"x"', b"1e999")) == {"c": ["y"]}
    assert defaults_of(content.replace(b'"x"', b'"' + b"x" * 3000 + b'"')) == {}


def row(**change: Any) -> ImageRow:
    values: dict[str, Any] = {
        "repository": "team/my_filter",
        "digest": "sha256:" + "0" * 64,
        "name": "my filter",
        "root_id": "no",
        "module_sha256": "1" * 63 + "e",
    }
    return ImageRow(**{**values, **change})


TEXTS = ["no", "0x10", "1e5", '"', "'", "a: b", "- x", "#", "\u2028", "\U0001f600", "\\", "{", "~"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_snippets_keep_texts_apart(text: str) -> None:
    ways = snippets(
        row(root_id=text, name=text),
        tag="1.0",
        base="https://hub.example:8443",
        config={text: text, "n": 5, "b": True},
        has_module=True,
    )
    config = {text: text, "n": 5, "b": True}
    istio, gateway, envoy = (yaml.safe_load(way.text) for way in ways[1:])
    assert istio["spec"]["pluginName"] == text
    assert istio["spec"]["pluginConfig"] == config
    assert istio["spec"]["url"] == f"oci://hub.example:8443/team/my_filter@sha256:{'0' * 64}"
    assert istio["metadata"]["name"] == "my-filter"
    assert gateway["spec"]["wasm"][0]["config"] == config
    assert gateway["spec"]["wasm"][0]["code"]["image"]["sha256"] == "0" * 64
    plugin = envoy["typed_config"]["config"]
    assert plugin["root_id"] == text
    assert json.loads(plugin["configuration"]["value"]) == config
    remote = plugin["vm_config"]["code"]["remote"]
    assert remote["sha256"] == "1" * 63 + "e"
    assert remote["http_uri"]["uri"].startswith("https://hub.example:8443/v2/team/my_filter/blobs/")


def test_no_way_for_envoy_without_the_bare_module() -> None:
    ways = snippets(row(), tag="1", base="http://h", config={}, has_module=False)
    assert [way.title for way in ways] == ["Download", "Istio", "Envoy Gateway"]


def test_capabilities() -> None:
    names = ["proxy_log", "proxy_http_call", "fd_read", "proxy_made_up"]
    abilities = abilities_of(names)
    assert [ability.reaches_out for ability in abilities] == [True, False, False, False]
    assert sorted(name for ability in abilities for name in ability.functions) == sorted(names)
    assert abilities_of([]) == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-5, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400 * 45, "1 month ago"),
        (86_400 * 800, "2 years ago"),
    ],
)
def test_ago(seconds: float, words: str) -> None:
    assert ago(1e9, 1e9 + seconds) == words


def test_numbers() -> None:
    assert utc(1e9) == "2001-09-09T01:46:40Z"  # 1,000,000,000 seconds, as everybody knows
    assert [bytes_in_words(n) for n in (7, 2048, 3 << 20)] == ["7 B", "2.0 KiB", "3.0 MiB"]
