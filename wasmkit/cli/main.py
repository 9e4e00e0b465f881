"""The ``wasmkit`` command: finds the verb, runs it, prints errors, chooses the exit code."""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import TYPE_CHECKING

import click

from wasmkit import __version__
from wasmkit.errors import BuildError, WasmkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VERBS", "cli", "entry_point", "run"]

VERBS: dict[str, str] = {
    "new": "Make a filter project from a template.",
    "build": "Build a filter project into one Proxy-Wasm module.",
    "inspect": "Say what a module needs and which Envoy would load it.",
    "test": "Play recorded traffic through a filter and check what comes out.",
    "run": "Run stock Envoy with the filter in front of an upstream.",
    "push": "Publish a filter to a registry.",
    "pull": "Fetch a filter's module from a registry.",
    "hub": "Serve the hub: an OCI registry with pages.",
}
"""Each verb and its line in ``wasmkit --help``; ``wasmkit/cli/<verb>.py`` holds its command."""


class _Verbs(click.Group):
    """Imports a verb's file only when it is used, so that ``--help`` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"wasmkit.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: wasmkit new hello && cd hello && wasmkit test",
)
@click.version_option(__version__, prog_name="wasmkit", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(*, debug: bool) -> None:
    """Write Envoy filters in Python, test them on recorded traffic, publish and run them."""
    del debug  # read from the arguments by run(), which prints errors


def _print_error(error: WasmkitError) -> None:
    if isinstance(error, BuildError) and error.detail:
        click.echo(error.detail.rstrip(), err=True)
    click.echo(click.style("error: ", fg="red", bold=True) + str(error), err=True)
    if error.hint:
        click.echo(click.style("  try: ", fg="cyan") + error.hint, err=True)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return the exit code; errors go to stderr in one line each."""
    try:
        result = cli.main(list(arguments), prog_name="wasmkit", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except WasmkitError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        _print_error(error)
        return error.exit_code
    return result if isinstance(result, int) else 0


def entry_point() -> None:
    """Run the command line of this process; what the ``wasmkit`` script calls."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone (`wasmkit … | head`): nothing is left to say.
        sys.stdout = None  # stops the flush at exit
        code = 141
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
