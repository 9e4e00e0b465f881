"""The data folder: what it may be, and every folder that an earlier hub wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import InputError
from wasmkit_hub.platform.data import open_data
from wasmkit_hub.platform.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_folder_is_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    open_data(Settings(data=data)).database.close()
    assert data.stat().st_mode & 0o777 == 0o700


def test_data_folder_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for data in (file, file / "below"):
        with pytest.raises(InputError, match="data folder"):
            open_data(Settings(data=data))


@pytest.mark.parametrize("content", [b"not a database at all" * 99, None])
def test_database_that_cannot_be(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        (tmp_path / "hub.sqlite").mkdir()
    else:
        (tmp_path / "hub.sqlite").write_bytes(content)
    with pytest.raises(InputError, match=r"hub\.sqlite"):
        open_data(Settings(data=tmp_path))
