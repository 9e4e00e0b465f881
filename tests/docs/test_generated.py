"""The documentation says what the source says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generated_docs import PARTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", PARTS)
def test_a_generated_part_is_as_it_should_be(name: str, request: pytest.FixtureRequest) -> None:
    place, make = PARTS[name]
    file = ROOT / place
    text = file.read_text(encoding="utf-8")
    part = re.compile(f"(<!-- generated: {name} -->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)
    found = part.search(text)
    assert found, f"{place} has no part {name}"
    wanted = f"\n{make()}\n"
    if request.config.getoption("--update-golden"):
        file.write_text(part.sub(lambda old: old[1] + wanted + old[3], text), encoding="utf-8")
    else:
        assert found[2] == wanted, "update with: make docs"
