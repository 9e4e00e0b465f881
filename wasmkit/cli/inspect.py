"""``wasmkit inspect``: what a module needs and which Envoy would load it."""

from __future__ import annotations

import itertools
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmkit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.inspection import Inspection, Problem, Verdict

__all__ = ["command"]

_WIDTH = 100
_INDENT = 15
_COLOURS = {"loads": "green", "refused": "yellow", "kills": "red", "unknown": "magenta"}


@click.command(
    "inspect",
    epilog="Example: wasmkit inspect hello.wasm --envoy 1.38",
    short_help="Say what a module needs and which Envoy would load it.",
)
@click.argument(
    "file", type=click.Path(exists=True, allow_dash=True, path_type=Path), metavar="FILE"
)
@click.option(
    "--envoy",
    "envoy",
    metavar="VERSION",
    help="Judge for this Envoy only; exit code 1 unless it loads the module.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(*, file: Path, envoy: str | None, as_json: bool) -> int:
    """Say what the module in FILE (- is standard input) can do, and which Envoy would load it.

    Nothing is run. Exit code 0 if the module could be read, whatever the verdicts are; 1 if an
    Envoy is named by --envoy and would not load it; 5 if FILE is not a module.
    """
    from wasmkit.inspection import InspectRequest, inspect_file  # noqa: PLC0415  # --help stays fast

    found = inspect_file(InspectRequest(file, envoy))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2))
    else:
        name = "standard input" if str(file) == "-" else file.name
        _print(found.inspection, found.verdicts, name)
    return 0 if found.passed else 1


def _print(inspection: Inspection, verdicts: Iterable[Verdict], name: str) -> None:
    click.echo(click.style(printable(name), bold=True) + f"  {inspection.size:,} bytes")
    click.echo(click.style("\nEnvoy", bold=True))
    for releases, verdict in _grouped(verdicts):
        _print_verdict(releases, verdict)
    click.echo(click.style("\nwhat it is", bold=True))
    for label, text in _facts(inspection):
        _row(label, text)
    if inspection.capabilities:
        click.echo(click.style("\nwhat it does", bold=True))
    for capability in inspection.capabilities:
        text = click.style(capability.text, fg="yellow" if capability.reaches_out else None)
        click.echo("  " + text)
        click.echo(click.style(_wrapped(capability.functions, "      "), dim=True))


def _facts(inspection: Inspection) -> list[tuple[str, str]]:
    memory, table = inspection.memory, inspection.table
    rows = [
        ("sha256", inspection.sha256),
        ("ABI", inspection.abi_version or "none: it exports no proxy_abi_version_0_2_1 or older"),
        ("memory", "none" if memory is None else _memory(memory.pages, memory.maximum)),
        ("table", "none" if table is None else f"{table.entries:,} entries"),
        ("code", f"{inspection.code_size:,} bytes, {inspection.functions:,} functions"),
        ("data", f"{inspection.data_size:,} bytes"),
        ("features", ", ".join(inspection.features) or "none beyond WebAssembly 1.0"),
        ("exports", ", ".join(inspection.exports) or "none"),
    ]
    if inspection.start_section:
        rows.append(("start", "has a start section, which runs before Envoy is ready for it"))
    if inspection.custom_sections:
        rows.append(("custom", ", ".join(inspection.custom_sections)))
    if inspection.unread:
        rows.append(("unread", inspection.unread))
    return rows


def _memory(pages: int, maximum: int | None) -> str:
    most = "no maximum" if maximum is None else f"at most {maximum:,}"
    return f"{pages * 64:,} KiB at first ({pages:,} x 64 KiB), {most}"


def _row(label: str, text: str) -> None:
    lines = textwrap.wrap(printable(text), _WIDTH - _INDENT, break_on_hyphens=False) or [""]
    click.echo(f"  {click.style(label, dim=True)}{' ' * (_INDENT - 2 - len(label))}{lines[0]}")
    for line in lines[1:]:
        click.echo(" " * _INDENT + line)


def _wrapped(names: Iterable[str], indent: str) -> str:
    text = printable(", ".join(names))
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _grouped(verdicts: Iterable[Verdict]) -> list[tuple[str, Verdict]]:
    """Put neighbouring releases with the same verdict on one line: ``1.36-1.38``."""
    groups = []
    for _, some in itertools.groupby(verdicts, key=lambda v: (v.outcome, v.problems)):
        same = list(some)
        first, last = same[0].envoy, same[-1].envoy
        groups.append((first if first == last else f"{first}-{last}", same[0]))
    return groups


_WORDS = {
    "loads": "loads it",
    "refused": "refuses it",
    "kills": "would be killed by it",
    "unknown": "unknown",
}


def _print_verdict(releases: str, verdict: Verdict) -> None:
    words = click.style(_WORDS[verdict.outcome], fg=_COLOURS[verdict.outcome], bold=True)
    click.echo(f"  {releases}{' ' * (_INDENT - 2 - len(releases))}{words}")
    for number, problem in enumerate(verdict.problems):
        _print_problem(problem, again=number > 0)


def _print_problem(problem: Problem, *, again: bool) -> None:
    text = ("then: " if again else "") + printable(problem.reason)
    indent = " " * _INDENT
    click.echo(textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent))
