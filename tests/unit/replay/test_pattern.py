from __future__ import annotations

import time

import pytest

from wasmkit.replay.pattern import MAX_PATTERN, PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "data", "found"),
    [
        ("tea", b"green tea", True),
        ("^tea", b"green tea", False),
        ("^ü.$", "üx".encode(), True),
        ("a.b", b"a\nb", False),
        ("(?s)a.b", b"a\nb", True),
        ("(?i)TEA", b"tea", True),
        ("a", b"\xff\x00a", True),
        ("", b"", True),
    ],
)
def test_found_in(pattern: str, data: bytes, *, found: bool) -> None:
    assert compile_pattern(pattern).found_in(data) is found


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", "is not a regular expression: missing "),
        ("a{1000000}", "is not a regular expression: invalid repetition size"),
        ("(((a{100}){100}){100})", "is not a regular expression: "),
        (r"(a)\1", "is not a regular expression: invalid escape sequence"),
        ("(?=a)", "is not a regular expression: "),
        ("\ud800", "is not text"),
        ("a" * (MAX_PATTERN + 1), "is longer than 4096 characters"),
    ],
)
def test_what_is_no_pattern(pattern: str, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){30}$", "(x+x+)+y"])
def test_no_pattern_takes_long(pattern: str) -> None:
    started = time.monotonic()
    compile_pattern(pattern).found_in(b"a" * 1_000_000 + b"b")
    assert time.monotonic() - started < 5


def test_patterns_are_equal_if_written_the_same() -> None:
    assert compile_pattern("a") == compile_pattern("a")
    assert compile_pattern("a") != compile_pattern("b")
