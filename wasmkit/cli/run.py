"""``wasmkit run``: stock Envoy with the filter in front of an upstream."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from wasmkit.cli.progress import progress
from wasmkit.errors import BuildError, printable

if TYPE_CHECKING:
    from wasmkit.abi.constants import LogLevel
    from wasmkit.errors import WasmkitError
    from wasmkit.progress import Event
    from wasmkit.serve import Serving

__all__ = ["command"]

_COLOURS = {"DEBUG": "blue", "INFO": "green", "WARN": "yellow", "ERROR": "red", "CRITICAL": "red"}


@click.command("run", epilog="Example: wasmkit run hello --upstream http://127.0.0.1:8000")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "--listen",
    default="127.0.0.1:10000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where Envoy listens; port 0 takes any that is free.",
)
@click.option(
    "--upstream",
    metavar="URL",
    help="Where Envoy forwards to, http://HOST:PORT.  [default: one that answers what it saw]",
)
@click.option("--envoy", type=click.Path(path_type=Path), help="The Envoy binary to run.")
@click.option(
    "--config",
    metavar="JSON|@FILE",
    help="The filter's configuration.  [default: the example in wasmkit.toml]",
)
def command(
    *, path: Path, listen: str, upstream: str | None, envoy: Path | None, config: str | None
) -> int:
    """Run stock Envoy with a filter: a project's folder (the default is this one) or a .wasm file.

    The filter's log appears here. When its source changes, it is built again and exchanged while
    Envoy goes on serving; when that fails, the old one stays. Ctrl-C ends it.
    """
    from wasmkit.serve import ServeRequest, serve_filter  # noqa: PLC0415  # keeps --help fast

    target = None if upstream is None else _upstream(upstream)
    request = ServeRequest(path, _address(listen), target, config, envoy)
    printer = _Printer(upstream or "an upstream that answers what it saw")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        serve_filter(request, printer, printer.closed)
    except KeyboardInterrupt:
        click.echo(click.style("stopped", dim=True), err=True)
    return 0


class _Printer:
    """Prints what is told; ``closed`` is set when the reader of our output has gone."""

    def __init__(self, upstream: str) -> None:
        self.closed = threading.Event()
        self._upstream = upstream

    def __call__(self, event: Event, /) -> None:
        from wasmkit.serve import LineLogged, Reloaded, Serving  # noqa: PLC0415  # as above

        match event:
            case Serving():
                self._announce(event)
            case LineLogged(level, message):
                self._log(level, message)
            case Reloaded(seconds, error):
                _print_reload(error, seconds)
            case _:
                progress(event)

    def _announce(self, serving: Serving) -> None:
        host, port = serving.address
        what = f"{serving.name} in Envoy {serving.envoy}, in front of {self._upstream}"
        click.echo(click.style("serving", fg="green", bold=True) + f"  {what}")
        click.echo(f"  try    curl -i http://{f'[{host}]' if ':' in host else host}:{port}/")
        click.echo(click.style("  Ctrl-C ends; a change of the source reloads", dim=True))
        sys.stdout.flush()

    def _log(self, level: LogLevel, message: str) -> None:
        colour = _COLOURS.get(level.name, "white")
        head = click.style(f"{level.name.lower():<8}", fg=colour, bold=level.name == "CRITICAL")
        # What a filter logs may come from a client.
        text = printable(message)
        try:
            click.echo(head + text.replace("\n", "\n" + " " * 8))
            sys.stdout.flush()
        except OSError:
            self.closed.set()


def _print_reload(error: WasmkitError | None, seconds: float) -> None:
    if error is None:
        click.echo(click.style("reloaded", fg="green", bold=True) + f"  in {seconds:.1f} s")
        sys.stdout.flush()
        return
    if isinstance(error, BuildError) and error.detail:
        click.echo(error.detail.rstrip(), err=True)
    click.echo(click.style("error: ", fg="red", bold=True) + f"{error}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
    click.echo(click.style("  the filter from before serves on", dim=True), err=True)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise click.UsageError(f"--listen {text}: write it as HOST:PORT")
    return host.strip("[]"), int(port)


def _upstream(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise click.UsageError(f"--upstream {url}: {error}") from error
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise click.UsageError(f"--upstream {url}: write it as http://HOST:PORT")
    return parts.hostname, port or 80
