"""``wasmkit build``: a project becomes a module."""

from __future__ import annotations

import json
from pathlib import Path

import click

from wasmkit.cli.progress import progress

__all__ = ["command"]


@click.command("build", epilog="Example: wasmkit build hello -o hello.wasm")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The module's file. [default: build/NAME.wasm in the project]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(path: Path, output: Path | None, *, as_json: bool) -> None:
    """Build the filter project in PATH into one Proxy-Wasm module.

    The filter document is written beside it, with the suffix .json: what the module is, which
    Envoy loads it, and what wasmkit.toml says of it.
    """
    from wasmkit.toolchain import BuildRequest, build_project  # noqa: PLC0415  # --help stays fast

    built = build_project(BuildRequest(path, output), progress)
    size = built.document.module.size
    if as_json:
        result = {
            "file": str(built.file),
            "document_file": str(built.document_file),
            "module_sha256": built.document.module.sha256,
            "module_size": size,
            "toolchain": built.toolchain,
        }
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"built {built.file} ({size:,} bytes)")
    click.echo(f"      {built.document_file} says what it is")
