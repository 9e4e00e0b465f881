"""A hub in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from in_process_hub import in_process_hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with in_process_hub(tmp_path_factory.mktemp("hub")) as client:
        yield client
