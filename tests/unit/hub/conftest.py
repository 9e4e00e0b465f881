"""A hub whose jobs are done when a test says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub_kit import Kit, hub_kit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    with hub_kit(tmp_path, monkeypatch) as opened:
        yield opened
