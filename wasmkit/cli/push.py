"""``wasmkit push``: publish a filter to a registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmkit.artifact import WAIT_SECONDS
from wasmkit.cli.progress import progress
from wasmkit.errors import printable

if TYPE_CHECKING:
    from wasmkit.artifact import PushResult
    from wasmkit.artifact.verdict import HubVerdict

__all__ = ["command"]


@click.command("push", epilog="Example: wasmkit push localhost:8080/team/hello")
@click.argument("places", nargs=-1, required=True, metavar="[PATH|FILE] REF")
@click.option("--name", help="Name of the filter in a FILE.  [default: the last part of REF]")
@click.option("--version", help="Version of the filter in a FILE.  [default: the tag of REF]")
@click.option("--force", is_flag=True, help="Replace a version that exists with other content.")
@click.option(
    "--wait",
    type=float,
    default=WAIT_SECONDS,
    metavar="SECONDS",
    help="How long to wait for a hub's verdict.  [default: 120]",
)
@click.option("--no-wait", is_flag=True, help="Do not ask for a hub's verdict.")
@click.option("--plain-http", is_flag=True, help="No TLS; this machine's registries have none.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    *,
    places: tuple[str, ...],
    name: str | None,
    version: str | None,
    force: bool,
    wait: float,
    no_wait: bool,
    plain_http: bool,
    as_json: bool,
) -> int:
    """Publish a filter: a project's folder (the default is this one), or a .wasm FILE.

    REF is HOST/NAME[:TAG]. A project is built first, and its version is the tag if none is
    given. README, configuration schema and filter document go along, and newer ones stand
    beside a version that exists; its module is not replaced.

    A module that the Envoys it is for would not load is not sent. A hub measures what it gets:
    exit code 1 if it blocks the version, 4 if it stops answering meanwhile.
    """
    from wasmkit.artifact import PushRequest, push_filter  # noqa: PLC0415  # keeps --help fast

    if len(places) > 2:
        raise click.UsageError("give at most a PATH and a REF")
    request = PushRequest(
        Path(places[0] if len(places) == 2 else "."),
        places[-1],
        name=name or "",
        version=version or "",
        force=force,
        plain_http=plain_http,
        wait_seconds=0 if no_wait else wait,
    )
    pushed = push_filter(request, progress)
    _report(pushed, as_json=as_json)
    return pushed.exit_code


def _report(pushed: PushResult, *, as_json: bool) -> None:
    if as_json:
        verdict = pushed.verdict
        result = {
            "reference": str(pushed.reference),
            "image_digest": pushed.image_digest,
            "module_sha256": pushed.module_sha256,
            "module_size": pushed.module_size,
            "already_there": pushed.already_there,
            "hub": None
            if verdict is None
            else {"state": verdict.state, "reasons": verdict.reasons, "page": verdict.page},
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
    if pushed.verdict is not None:
        _print_verdict(pushed.verdict)


_WORDS = {
    "measuring": ("yellow", "still measures it"),
    "served": ("green", "serves it"),
    "blocked": ("red", "blocks it"),
    "unreachable": ("red", "stopped answering while it measured it"),
}


def _print_verdict(verdict: HubVerdict) -> None:
    colour, words = _WORDS[verdict.state]
    head = f"  hub            {click.style(words, fg=colour, bold=True)}"
    click.echo(f"{head}  {printable(verdict.page)}".rstrip())
    for reason in verdict.reasons:
        click.echo(f"                 {printable(reason, one_line=True)}")
