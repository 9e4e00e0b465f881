from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmkit_hub.platform.text import plain_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tea ü 茶 🍵", "tea ü 茶 🍵"),
        ("  a\n\n b\t c ", "a b c"),
        ("a\x1b[2J\x00b", "a [2J b"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\u2028b\u200bc\u00adh", "a b c h"),
        ("", ""),
        ("\x00\x01", ""),
    ],
    ids=["text", "space", "control", "direction", "invisible", "none", "nothing-left"],
)
def test_one_line_that_looks_like_what_it_is(text: str, shown: str) -> None:
    assert plain_line(text, 100) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("12345", "12345"), ("123456", "1234…"), ("1 3 5 7", "1 3 …"), ("x" * 1_000_000, "xxxx…")],
    ids=["fits", "long", "spaces", "megabyte"],
)
def test_it_is_cut(text: str, shown: str) -> None:
    assert plain_line(text, 5) == shown


@given(st.text(max_size=80), st.integers(1, 20))
def test_any_text_becomes_a_line(text: str, length: int) -> None:
    line = plain_line(text, length)
    assert len(line) <= length
    assert line == line.strip()
    assert not any(unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") for each in line)
