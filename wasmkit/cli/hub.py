"""``wasmkit hub``: arguments and printing of the hub's server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmkit.errors import MissingPartError

if TYPE_CHECKING:
    from wasmkit.progress import Event
    from wasmkit_hub.serve import HubServing

__all__ = ["command"]


@click.group(epilog="Example: wasmkit hub serve")
def command() -> None:
    """Serve the hub: an OCI registry with pages."""


@command.command(epilog="Example: wasmkit hub serve --listen 127.0.0.1:8080 --data ./hub-data")
@click.option(
    "--listen",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen; port 0 takes a free one.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where everything is kept. [default: ~/.local/share/wasmkit/hub]",
)
@click.option(
    "--serve-blocked",
    is_flag=True,
    help="Let a tag lead to a version that the hub has blocked, too.",
)
def serve(*, listen: str, data: Path | None, serve_blocked: bool) -> int:
    """Serve the hub until Ctrl-C.

    Filters are pushed with `wasmkit push`, or with skopeo, crane and oras, and looked at in a
    browser. There are no accounts yet: whoever reaches the address can push.
    """
    try:
        from wasmkit_hub.serve import ServeHubRequest, serve_hub  # noqa: PLC0415  # optional, slow
    except ImportError as exc:
        raise MissingPartError(
            f"the hub is not installed: {exc}", hint="pip install 'wasmkit[hub]'"
        ) from exc

    def say(event: Event, /) -> None:
        from wasmkit_hub.serve import HubServing  # noqa: PLC0415  # as above

        if isinstance(event, HubServing):
            _announce(event, listen)

    serve_hub(ServeHubRequest(listen, data, serve_blocked), say)
    return 0


def _announce(serving: HubServing, listen: str) -> None:
    if serving.for_others:
        click.echo(
            click.style("warning: ", fg="yellow", bold=True)
            + f"{listen} can be reached from other machines, and whoever reaches it can push",
            err=True,
        )
    click.echo(f"hub       {serving.url}")
    click.echo(f"data      {serving.data}")
    click.echo("Ctrl-C stops it.", err=True)
