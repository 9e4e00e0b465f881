"""Strangers' Markdown, on its way to a page."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest

from wasmkit_hub.verification.readme import render_readme


def whole(text: bytes) -> str:
    readme = render_readme(text)
    return readme.heading_html + readme.html


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
    reader.feed(whole(text.encode()))
    for tag, attributes in reader.found:
        assert tag in {"p", "a", "pre", "code"}
        assert set(attributes) <= {"href", "title", "rel", "tabindex"}
        assert attributes.get("href", "https://").startswith("https://")


def test_readme() -> None:
    readme = render_readme(
        b"# Hello\n## Use\n[a](https://a.example) [b](docs/b.md) ![words](c.png)\n\n```\nx\n```\n"
    )
    assert (readme.heading, readme.heading_html.strip()) == ("Hello", "<h3>Hello</h3>")
    assert "Hello" not in readme.html  # the page may have that title already
    assert "<h4>Use</h4>" in readme.html
    assert '<a href="https://a.example" rel="nofollow noopener noreferrer">a</a>' in readme.html
    assert "docs/b.md" not in readme.html
    assert "words" in readme.html
    assert '<pre tabindex="0">' in readme.html


def test_readme_without_a_heading() -> None:
    readme = render_readme(b"just words")
    assert (readme.heading, readme.heading_html) == ("", "")
    assert readme.html == "<p>just words</p>\n"


@pytest.mark.parametrize(
    "text", ["[" * 200_000, ">" * 200_000, "*a " * 80_000, "- " * 100_000, "\xff\x00" * 999]
)
def test_readme_ends(text: str) -> None:
    start = time.monotonic()
    render_readme(text.encode("latin-1"))
    assert time.monotonic() - start < 60
