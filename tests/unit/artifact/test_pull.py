from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.artifact.pull import save_module
from wasmkit.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_module_is_saved_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.wasm"
    save_module(b"one", file, force=False)
    assert file.read_bytes() == b"one"
    save_module(b"two", file, force=True)
    assert file.read_bytes() == b"two"
    assert [part.name for part in tmp_path.iterdir()] == ["a.wasm"]


def test_an_existing_file_or_link_is_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "link.wasm"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="exists already"):
        save_module(b"x", link, force=False)
    assert link.is_symlink()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(InputError, match=r"folder: .*directory"):
        save_module(b"x", tmp_path / "folder", force=True)
    assert [part.name for part in tmp_path.iterdir()] == ["folder"]
