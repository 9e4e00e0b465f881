from __future__ import annotations

from wasmkit.progress import Event, Step, silent


def test_a_step_reads_as_its_text() -> None:
    assert str(Step("packing")) == "packing"


def test_nobody_need_listen() -> None:
    silent(Step("packing"))
    silent(Event())
