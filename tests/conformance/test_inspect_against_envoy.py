"""Every verdict of ``wasmkit inspect`` against what a stock Envoy does with the module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadcases import CASES, UNSAFE, LoadCase
from plugins import plugin_of
from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.bootstrap import Bootstrap
from wasmkit.envoy.process import EnvoyProcess, private_folder
from wasmkit.errors import GuestModuleError
from wasmkit.inspection import Outcome, inspect_module
from wasmkit.profiles import release_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.envoy

DIED = "died of the module: killed by SIG"
REFUSED = "Envoy refuses the filter: "


def seen(envoy: Path, data: bytes) -> tuple[Outcome, str]:
    """Start Envoy with the module; return what came of it and Envoy's first words on it."""
    with private_folder() as folder:
        file = folder / "module.wasm"
        file.write_bytes(data)
        nobody = ("127.0.0.1", 1)
        bootstrap = Bootstrap(
            plugin_of(data, name="n", root_id="r"),
            file,
            ("127.0.0.1", 0),
            nobody,
            folder / "admin.sock",
        )
        try:
            with EnvoyProcess(find_envoy(envoy), bootstrap, sink=lambda _: None):
                return Outcome.LOADS, ""
        except GuestModuleError as error:
            text = str(error).partition("\n")[0]
    if DIED in text:
        return Outcome.KILLS, ""
    assert text.startswith(REFUSED), text
    return Outcome.REFUSED, text.removeprefix(REFUSED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(stock_envoy: Path, case: LoadCase) -> None:
    release = release_of(find_envoy(stock_envoy).version_text)
    verdict = inspect_module(case.module).verdict(release)
    outcome, words = seen(stock_envoy, case.module)
    assert (verdict.outcome, case.expected(release)[0]) == (outcome, outcome)
    if outcome is Outcome.REFUSED:
        told = verdict.problems[0].reason.removeprefix("Function: ")
        assert told.startswith(words), (told, words)


@pytest.mark.parametrize("case", UNSAFE, ids=lambda case: case.name)
def test_unsafe(stock_envoy: Path, case: LoadCase) -> None:
    release = release_of(find_envoy(stock_envoy).version_text)
    assert inspect_module(case.module).verdict(release).outcome is Outcome.KILLS
    assert seen(stock_envoy, case.module)[0] in {Outcome.KILLS, Outcome.REFUSED}
