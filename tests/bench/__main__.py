"""Measures everything and prints it; see ``python -m bench --help``."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from pathlib import Path

import click

from bench.builds import GOAL, measure_builds
from bench.envoys import measure_envoys
from bench.figures import plain
from bench.hubs import GOAL as HUB_GOAL
from bench.hubs import measure_hub
from bench.machine import this_machine
from bench.replays import measure_replays
from bench.variants import all_variants
from wasmkit.errors import BuildError, WasmkitError
from wasmkit.project import load_project


@click.command(epilog="Example: python -m bench --json bench.json")
@click.option("--quick", is_flag=True, help="One round of a second: shows that all of it works.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every measured value to this file too.",
)
def main(quick: bool, json_file: Path | None) -> int:
    """Measure builds, filters in stock Envoy and replay against their peers, and the hub."""
    rounds, load_seconds, builds = (1, 1.0, 1) if quick else (3, 4.0, 7)
    machine = this_machine()
    click.echo(machine.text())
    with tempfile.TemporaryDirectory(prefix="wasmkit-bench-") as name:
        folder = Path(name)
        built, root, module = measure_builds(folder, builds)
        click.echo(f"\n{built.text()}")
        variants = all_variants(load_project(root), module, folder)
        served = measure_envoys(variants, folder, rounds=rounds, load_seconds=load_seconds)
        click.echo(f"\n{served.text()}")
        replayed = measure_replays(root, module, rounds=rounds, play_seconds=load_seconds / 2)
        click.echo(f"\n{replayed.text()}")
        hub = measure_hub(module, folder, rounds=rounds)
        click.echo(f"\n{hub.text()}")
    if json_file is not None:
        results = {
            "quick": quick,
            "machine": plain(machine),
            "builds": built.json(),
            "envoy": plain(served),
            "replay": plain(replayed),
            "hub": plain(hub),
        }
        json_file.write_text(json.dumps(results, indent=2) + "\n")
    # A single round says too little to call a goal missed.
    return 0 if quick or (built.share <= GOAL and hub.among_readers.median <= HUB_GOAL) else 1


def _terminated(_number: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)  # children and folders are cleared away
    try:
        sys.exit(main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except WasmkitError as error:
        if isinstance(error, BuildError) and error.detail:
            click.echo(error.detail, err=True)
        click.echo(f"error: {error}" + (f"\n  try: {error.hint}" if error.hint else ""), err=True)
        sys.exit(error.exit_code)
