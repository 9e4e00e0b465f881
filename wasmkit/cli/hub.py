"""``wasmkit hub``: arguments and printing of the hub's server."""

from __future__ import annotations

from pathlib import Path

import click

from wasmkit.errors import MissingPartError

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
        from wasmkit_hub.app import create_app  # noqa: PLC0415  as above
        from wasmkit_hub.platform import server  # noqa: PLC0415  optional, and slow to import
        from wasmkit_hub.platform.settings import Settings, default_data_folder  # noqa: PLC0415  as above
    except ImportError as exc:
        raise MissingPartError(
            f"the hub is not installed: {exc}", hint="pip install 'wasmkit[hub]'"
        ) from exc
    address = server.parse_address(listen)
    folder = (data or default_data_folder()).expanduser().absolute()
    app = create_app(Settings(data=folder, serve_blocked=serve_blocked))
    with server.open_port(address) as opened:
        if not address.is_loopback:
            click.echo(
                click.style("warning: ", fg="yellow", bold=True)
                + f"{listen} can be reached from other machines, and whoever reaches it can push",
                err=True,
            )
        click.echo(f"hub       {server.url_of(opened)}")
        click.echo(f"data      {folder}")
        click.echo("Ctrl-C stops it.", err=True)
        server.serve(app, opened)
    return 0
