from __future__ import annotations

import pytest

from wasmkit.replay.body import difference, parse_json, same_json, summary


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": True}, {"a": 1}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        (None, 0, False),
        ("1", 1, False),
    ],
)
def test_same_json(one: object, other: object, *, same: bool) -> None:
    assert same_json(one, other) is same
    assert same_json(other, one) is same


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_no_json(data: bytes) -> None:
    value, reason = parse_json(data)
    assert value is None
    assert reason


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "an empty body"),
        (b"tea\n", "tea"),
        (b"\x89PNG\r\n\x1a\n", "8 bytes: 89 50 4e 47 0d 0a 1a 0a"),
        (bytes(20), "20 bytes: " + " ".join(["00"] * 16) + " …"),
        (b"one\ntwo\n", "8 bytes: one…"),
        (b"\n \n", "3 bytes of white space"),
    ],
)
def test_summary(data: bytes, line: str) -> None:
    assert summary(data) == line


def test_text_differs_by_lines() -> None:
    assert difference(b"a\nb\nc\n", b"a\nB\nc\n") == (
        "--- expected", "+++ got", "@@ -1,3 +1,3 @@", " a", "-b", "+B", " c",
    )  # fmt: skip


def test_line_ends() -> None:
    assert difference(b"a\n", b"a\r\n") == ("they differ in line ends alone",)


def test_a_long_diff_is_cut() -> None:
    lines = difference(b"\n".join(b"%d" % n for n in range(100)), b"x" * 1000)
    assert len(lines) == 41
    assert lines[-1] == "… 64 lines more"


def test_large_or_binary_bodies_show_where_they_begin_to_differ() -> None:
    large = b"a" * 100_000
    assert difference(large, large + b"b") == (
        "expected 100000 bytes, got 100001; the first difference is at byte 100000",
        "-(the end)",
        "+62",
    )
