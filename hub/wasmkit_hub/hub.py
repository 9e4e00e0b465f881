"""Putting a hub together from its domains, for the server and for the worker alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit_hub.catalogue.index import refresh
from wasmkit_hub.platform.data import open_data
from wasmkit_hub.registry.access import HubState
from wasmkit_hub.registry.staging import Uploads
from wasmkit_hub.verification.watch import Watch

if TYPE_CHECKING:
    from wasmkit_hub.platform.settings import Settings

__all__ = ["open_hub"]


def open_hub(settings: Settings) -> HubState:
    """Open the data folder; raises InputError if it cannot be used."""
    data = open_data(settings)
    return HubState(
        settings=settings,
        database=data.database,
        objects=data.objects,
        uploads=Uploads(data.uploads, data.objects, settings),
        watcher=Watch(serve_blocked=settings.serve_blocked, refresh=refresh),
    )
