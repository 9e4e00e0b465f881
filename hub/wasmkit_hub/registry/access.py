"""How a route reaches the store, and what one repository may show of it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from wasmkit_hub.registry.errors import ApiError, ErrorCode
from wasmkit_hub.settings import Settings
from wasmkit_hub.storage.digest import Digest
from wasmkit_hub.storage.store import Store
from wasmkit_hub.storage.tables import RepositoryBlobRow

__all__ = ["Hub", "HubState", "link_blob", "visible_blob"]


@dataclass(frozen=True, slots=True)
class HubState:
    """What one application is made of; lies in ``app.state.hub``."""

    settings: Settings
    store: Store


def _hub(request: Request) -> HubState:
    hub: HubState = request.app.state.hub
    return hub


Hub = Annotated[HubState, Depends(_hub)]
"""The hub that a route belongs to."""


def visible_blob(session: Session, hub: HubState, repository: str, digest: Digest) -> int:
    """Return the size of a blob of this repository; raises ApiError (BLOB_UNKNOWN)."""
    linked = session.get(RepositoryBlobRow, (repository, str(digest)))
    size = hub.store.blobs.size(digest) if linked else None
    if size is None:
        raise ApiError(ErrorCode.BLOB_UNKNOWN, str(digest))
    return size


def link_blob(hub: HubState, repository: str, digest: Digest) -> None:
    """Let a repository show a blob that is in the store."""
    with hub.store.database.write() as session:
        session.merge(RepositoryBlobRow(repository=repository, digest=str(digest)))
