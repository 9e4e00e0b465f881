"""``wasmkit build``: a project becomes a module."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command(
    "build",
    epilog="Example: wasmkit build hello -o hello.wasm",
    help="Build the filter project in PATH into one Proxy-Wasm module.",
)
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The module's file. [default: build/NAME.wasm in the project]",
)
def command(path: Path, output: Path | None) -> None:
    """Build the project and say what was written."""
    from wasmkit.cli.progress import progress  # noqa: PLC0415
    from wasmkit.files import write_atomically  # noqa: PLC0415  # --help stays fast
    from wasmkit.project import load_project  # noqa: PLC0415
    from wasmkit.toolchain import build  # noqa: PLC0415

    project = load_project(path)
    module = build(project, progress=progress)
    file = output or project.root / "build" / f"{project.name}.wasm"
    write_atomically(file, module)
    click.echo(f"built {file} ({len(module):,} bytes)")
