"""How a route reaches the hub, and what one repository may show of it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.platform.database import Database
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.objects import Objects
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.staging import Uploads
from wasmkit_hub.registry.tables import RepositoryBlobRow
from wasmkit_hub.registry.watcher import Watcher

__all__ = ["Hub", "HubState", "link_blob", "visible_blob"]


@dataclass(frozen=True, slots=True)
class HubState:
    """What one application is made of; lies in ``app.state.hub``."""

    settings: Settings
    database: Database
    objects: Objects
    uploads: Uploads
    watcher: Watcher


def _hub(request: Request) -> HubState:
    hub: HubState = request.app.state.hub
    return hub


Hub = Annotated[HubState, Depends(_hub)]
"""The hub that a route belongs to."""


def visible_blob(session: Session, hub: HubState, repository: str, digest: Digest) -> int:
    """Return the size of a blob of this repository; raises ApiError (BLOB_UNKNOWN)."""
    linked = session.get(RepositoryBlobRow, (repository, str(digest)))
    size = hub.objects.size(digest) if linked else None
    if size is None:
        raise ApiError(ErrorCode.BLOB_UNKNOWN, str(digest))
    return size


def link_blob(hub: HubState, repository: str, digest: Digest) -> None:
    """Let a repository show a blob that is in the store."""
    with hub.database.write() as session:
        session.merge(RepositoryBlobRow(repository=repository, digest=str(digest)))
