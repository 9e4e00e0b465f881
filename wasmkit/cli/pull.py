"""``wasmkit pull``: fetch a filter's module from a registry."""

from __future__ import annotations

import json
from pathlib import Path

import click

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
    from wasmkit.artifact.client import RegistryClient  # noqa: PLC0415 - keeps --help fast
    from wasmkit.artifact.pull import (  # noqa: PLC0415 - keeps --help fast
        pull_module,
        refuse_existing,
        save_module,
    )
    from wasmkit.artifact.reference import parse_reference  # noqa: PLC0415 - keeps --help fast

    place = parse_reference(reference)
    refuse_existing(output, force=force)
    pulled = pull_module(RegistryClient(place, plain_http=plain_http or None), place)
    save_module(pulled.module, output, force=force)
    if as_json:
        result = {
            "reference": str(place),
            "file": str(output),
            "image_digest": pulled.image_digest,
            "module_sha256": pulled.module_sha256,
            "module_size": len(pulled.module),
        }
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(click.style("pulled", fg="green", bold=True) + f"  {place} to {output}")
    click.echo(f"  image digest   {pulled.image_digest}")
    click.echo(f"  module sha256  {pulled.module_sha256}")
