from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import InputError
from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.verification.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path


def test_a_hub_of_its_domains(tmp_path: Path) -> None:
    hub = open_hub(Settings(data=tmp_path / "data"))
    assert isinstance(hub.watcher, Watch)
    assert hub.objects.size(Digest.of(b"")) is None
    assert hub.uploads.size("a", hub.uploads.start("a")) == 0
    hub.database.close()


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="data folder"):
        open_hub(Settings(data=tmp_path / "file"))
