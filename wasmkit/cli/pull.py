"""``wasmkit pull``: fetch a filter's module from a registry."""

from __future__ import annotations

import json
from pathlib import Path

import click

from wasmkit.cli.progress import progress

__all__ = ["command"]


@click.command(
    "pull", epilog="Example: wasmkit pull localhost:8080/team/hello:0.1.0 -o plugin.wasm"
)
@click.argument("reference", metavar="REF")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the module to this file.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
@click.option("--plain-http", is_flag=True, help="No TLS; this machine's registries have none.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(*, reference: str, output: Path, force: bool, plain_http: bool, as_json: bool) -> None:
    """Fetch a filter's module and check every digest on the way.

    REF is HOST/NAME[:TAG][@DIGEST]. Takes every image that Istio or Envoy Gateway would take.
    """
    from wasmkit.artifact import PullRequest, pull_filter  # noqa: PLC0415  # keeps --help fast

    pulled = pull_filter(PullRequest(reference, output, force, plain_http), progress)
    if as_json:
        result = {
            "reference": str(pulled.reference),
            "file": str(pulled.file),
            "image_digest": pulled.image_digest,
            "module_sha256": pulled.module_sha256,
            "module_size": pulled.module_size,
        }
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(
        click.style("pulled", fg="green", bold=True) + f"  {pulled.reference} to {pulled.file}"
    )
    click.echo(f"  image digest   {pulled.image_digest}")
    click.echo(f"  module sha256  {pulled.module_sha256}")
