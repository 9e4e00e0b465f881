from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import InputError
from wasmkit.serve import ServeRequest, serve_filter

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.progress import Event


def test_nothing_is_told_before_there_is_an_envoy(tmp_path: Path) -> None:
    told: list[Event] = []
    request = ServeRequest(tmp_path / "x.wasm", envoy=tmp_path / "envoy")
    with pytest.raises(InputError, match="there is no file"):
        serve_filter(request, told.append)
    assert told == []
