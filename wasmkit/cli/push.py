"""``wasmkit push``: publish a filter to a registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmkit.cli.progress import progress

if TYPE_CHECKING:
    from wasmkit.artifact.image import Publication
    from wasmkit.artifact.push import Pushed
    from wasmkit.artifact.reference import Reference

__all__ = ["command"]


@click.command("push", epilog="Example: wasmkit push localhost:8080/team/hello")
@click.argument("places", nargs=-1, required=True, metavar="[PATH|FILE] REF")
@click.option("--name", help="Name of the filter in a FILE.  [default: the last part of REF]")
@click.option("--version", help="Version of the filter in a FILE.  [default: the tag of REF]")
@click.option("--force", is_flag=True, help="Replace a version that exists with other content.")
@click.option("--plain-http", is_flag=True, help="No TLS; this machine's registries have none.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    *,
    places: tuple[str, ...],
    name: str | None,
    version: str | None,
    force: bool,
    plain_http: bool,
    as_json: bool,
) -> None:
    """Publish a filter: a project's folder (the default is this one), or a .wasm FILE.

    REF is HOST/NAME[:TAG]. A project is built first, and its version is the tag if none is
    given. README and configuration schema go along. A version that exists is not replaced.
    """
    from wasmkit.artifact.client import RegistryClient  # noqa: PLC0415 - keeps --help fast
    from wasmkit.artifact.push import push_filter  # noqa: PLC0415 - keeps --help fast
    from wasmkit.artifact.reference import parse_reference  # noqa: PLC0415 - keeps --help fast

    if len(places) > 2:
        raise click.UsageError("give at most a PATH and a REF")
    path = Path(places[0] if len(places) == 2 else ".")
    reference, publication = _prepare(path, parse_reference(places[-1]), name, version)
    pushed = push_filter(
        RegistryClient(reference, plain_http=plain_http or None),
        reference,
        publication,
        force=force,
        progress=progress,
    )
    _report(pushed, as_json=as_json)


def _prepare(
    path: Path, reference: Reference, name: str | None, version: str | None
) -> tuple[Reference, Publication]:
    from wasmkit.artifact import publication  # noqa: PLC0415 - keeps --help fast
    from wasmkit.artifact.push import version_reference  # noqa: PLC0415 - keeps --help fast

    if not (path.is_dir() or path.suffix == ".toml"):
        name = name or reference.repository.rpartition("/")[2]
        version = version or reference.tag
        if not version:
            raise click.UsageError("a FILE needs a version: write REF as HOST/NAME:TAG")
        described = publication.publication_of_file(path, name=name, version=version)
        return version_reference(reference, version), described
    if name or version:
        raise click.UsageError("a project's name and version are in its wasmkit.toml")
    from wasmkit.project import load_project  # noqa: PLC0415 - keeps --help fast
    from wasmkit.toolchain import build  # noqa: PLC0415 - keeps --help fast

    project = load_project(path)
    target = version_reference(reference, project.version)
    module = build(project, progress=progress)
    return target, publication.publication_of_project(project, module)


def _report(pushed: Pushed, *, as_json: bool) -> None:
    if as_json:
        result = {
            "reference": str(pushed.reference),
            "image_digest": pushed.image_digest,
            "module_sha256": pushed.module_sha256,
            "module_size": pushed.module_size,
            "already_there": pushed.already_there,
        }
        click.echo(json.dumps(result, indent=2))
        return
    state = "  (already there)" if pushed.already_there else ""
    click.echo(click.style("pushed", fg="green", bold=True) + f"  {pushed.reference}{state}")
    place = f"oci://{pushed.reference.host}/{pushed.reference.repository}@sha256:…"
    click.echo(f"  image digest   {pushed.image_digest}")
    click.echo(
        click.style(f"                 pin this in Istio, Envoy Gateway ({place})", dim=True)
    )
    click.echo(f"  module sha256  {pushed.module_sha256}")
    click.echo(click.style("                 pin this in Envoy, Consul, Kuma (http…)", dim=True))
