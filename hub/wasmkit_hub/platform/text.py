"""Strangers' texts, made fit to stand in one line of a page."""

from __future__ import annotations

import unicodedata

__all__ = ["plain_line"]

_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}


def plain_line(text: str, length: int) -> str:
    """Return one line of at most ``length`` characters.

    Control characters and those that change the direction of writing become spaces: with them a
    text could look like another one.
    """
    start = text[: 4 * length]  # a long text is not read to its end to be cut
    kept = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in start)
    words = " ".join(kept.split())
    return words if len(words) <= length else words[: length - 1] + "…"
