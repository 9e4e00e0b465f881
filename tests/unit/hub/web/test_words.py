from __future__ import annotations

import pytest

from wasmkit_hub.web.words import ago, bytes_in_words, utc


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
