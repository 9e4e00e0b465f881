"""Says on a terminal what takes long."""

from __future__ import annotations

import sys

import click

__all__ = ["progress"]


def progress(step: str) -> None:
    """Print a step on stderr if that is a terminal; scripts and logs see nothing."""
    if sys.stderr.isatty():
        click.echo(click.style(f"… {step}", dim=True), err=True)
