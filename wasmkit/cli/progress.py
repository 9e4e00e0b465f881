"""Says on a terminal what takes long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from wasmkit.errors import printable
from wasmkit.progress import Step

if TYPE_CHECKING:
    from wasmkit.progress import Event

__all__ = ["progress"]


def progress(event: Event, /) -> None:
    """Print a step on stderr if that is a terminal; scripts and logs see nothing."""
    if isinstance(event, Step) and sys.stderr.isatty():
        click.echo(click.style(f"… {printable(event.text)}", dim=True), err=True)
