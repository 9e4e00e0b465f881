from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit_hub.platform.settings import default_data_folder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "wasmkit" / "hub"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / ".local" / "share" / "wasmkit" / "hub"
