from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import click
import pytest

from wasmkit.cli.progress import progress
from wasmkit.progress import Event, Step

if TYPE_CHECKING:
    from collections.abc import Callable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "event", "shown"),
    [
        (Terminal, Step("linking"), "… linking\n"),
        (Terminal, Event(), ""),
        (io.StringIO, Step("linking"), ""),
    ],
    ids=["terminal", "another-event", "log"],
)
def test_steps_are_for_people(
    monkeypatch: pytest.MonkeyPatch,
    stream: Callable[[], io.StringIO],
    event: Event,
    shown: str,
) -> None:
    err, out = stream(), stream()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdout", out)
    progress(event)
    assert click.unstyle(err.getvalue()) == shown
    assert out.getvalue() == ""
