from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.registry.access import HubState, link_blob, visible_blob
from wasmkit_hub.registry.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"content"
DIGEST = Digest.parse(f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubState]:
    state = open_hub(Settings(data=tmp_path))
    yield state
    state.database.close()


def keep(hub: HubState, repository: str) -> None:
    """Put the content into the store, by way of an upload."""
    identifier = hub.uploads.start(repository)
    with hub.uploads.open(repository, identifier) as upload:
        upload.expect(DIGEST)
        upload.write(CONTENT)
        upload.commit()


def size_in(hub: HubState, repository: str) -> int:
    with hub.database.read() as session:
        return visible_blob(session, hub, repository, DIGEST)


def test_a_repository_shows_its_own_blobs(hub: HubState) -> None:
    keep(hub, "a")
    for repository in ("a", "b"):
        with pytest.raises(ApiError) as caught:
            size_in(hub, repository)
        assert caught.value.code is ErrorCode.BLOB_UNKNOWN
    link_blob(hub, "a", DIGEST)
    link_blob(hub, "a", DIGEST)  # again changes nothing
    assert size_in(hub, "a") == len(CONTENT)
    with pytest.raises(ApiError):
        size_in(hub, "b")


def test_a_link_to_what_the_store_lost_shows_nothing(hub: HubState) -> None:
    link_blob(hub, "a", DIGEST)
    with pytest.raises(ApiError) as caught:
        size_in(hub, "a")
    assert caught.value.code is ErrorCode.BLOB_UNKNOWN
