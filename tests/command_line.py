"""Verbs of the library that are not carried out, so that only parsing and printing is tested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from wasmkit.cli.main import run

__all__ = ["Asked", "Said", "Say", "asked", "say"]


class Said:
    """What a command line came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


Say: TypeAlias = Callable[..., Said]
Asked: TypeAlias = Callable[[str, object], list[Any]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what carries out a command line."""

    def carry_out(*arguments: object) -> Said:
        code = run([str(each) for each in arguments])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return carry_out


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return what replaces a verb by its dotted name: it answers so, and its requests are kept."""

    def replace(verb: str, answer: object) -> list[Any]:
        requests: list[Any] = []

        def instead(request: object, *_: object, **__: object) -> object:
            requests.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(verb, instead)
        return requests

    return replace
