"""The verb: a hub in this process, until it is told to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.progress import Event, Progress, silent
from wasmkit_hub.app import create_app
from wasmkit_hub.platform import server
from wasmkit_hub.platform.settings import Settings, default_data_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HubServing", "ServeHubRequest", "serve_hub"]


@dataclass(frozen=True, slots=True)
class ServeHubRequest:
    """Where to listen, ``HOST:PORT`` (port 0 takes a free one), and where everything is kept.

    Without ``data`` that is the user's data folder. ``serve_blocked``: a tag leads to a version
    that the hub has blocked, too.
    """

    listen: str = "127.0.0.1:8080"
    data: Path | None = None
    serve_blocked: bool = False


@dataclass(frozen=True, slots=True)
class HubServing(Event):
    """The port is open: clients can queue."""

    url: str
    data: Path
    for_others: bool
    """Whether other machines can reach it, and with it everybody on them can push."""


def serve_hub(request: ServeHubRequest, progress: Progress = silent) -> None:
    """Serve until SIGINT or SIGTERM; tells ``HubServing`` once.

    Raises ``InputError`` for an address that is none or cannot be listened at.
    """
    address = server.parse_address(request.listen)
    folder = (request.data or default_data_folder()).expanduser().absolute()
    app = create_app(Settings(data=folder, serve_blocked=request.serve_blocked))
    with server.open_port(address) as opened:
        progress(HubServing(server.url_of(opened), folder, not address.is_loopback))
        server.serve(app, opened)
