"""A stranger's Markdown as HTML that can do nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["Readme", "render_readme"]

_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p"),
    *("pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_HEADINGS_DOWN = 2
"""The page has the levels 1 and 2 for itself."""
_LOWEST_HEADING = 6

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)


def _text_of(token: Token) -> str:
    return "".join(child.content for child in token.children or () if child.type == "text")


def _adapt(tokens: list[Token]) -> None:
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + _HEADINGS_DOWN, _LOWEST_HEADING)}"
        elif token.type == "image":
            # Its words stay. Fetching it would tell its owner who reads this page.
            token.type, token.content = "text", _text_of(token)
        elif token.children:
            _adapt(token.children)


@dataclass(frozen=True, slots=True)
class Readme:
    """A README as safe HTML; ``heading`` is the text of the heading that it begins with, if any.

    That heading's HTML stands apart: a page leaves it out if it says what the page's own says.
    """

    heading: str
    heading_html: str
    html: str


def render_readme(content: bytes) -> Readme:
    """Return safe HTML; headings begin at level 3, only links with a scheme stay links.

    A text of the largest size can take seconds.
    """
    tokens = _MARKDOWN.parse(content.decode("utf-8", "replace"))
    first: list[Token] = []
    heading = ""
    if [token.type for token in tokens[:2]] == ["heading_open", "inline"]:
        first, tokens = tokens[:3], tokens[3:]
        heading = first[1].content
    return Readme(heading, _html(first), _html(tokens))


def _html(tokens: list[Token]) -> str:
    _adapt(tokens)
    return nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        set_tag_attribute_values={"pre": {"tabindex": "0"}},  # so that a keyboard can scroll it
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",  # a file beside the README is not on this site
        link_rel="nofollow noopener noreferrer",
    )
