"""Epochs pass while somebody holds the clock; times are bounds, ten times as wide as needed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import wasmtime

from wasmkit.host.guest.deadline import EpochClock, ticks

if TYPE_CHECKING:
    from collections.abc import Callable

ENDLESS = '(module (func (export "run") (loop $again (br $again))))'


@pytest.mark.parametrize(("seconds", "epochs"), [(0, 1), (0.05, 2), (0.051, 3), (1, 21), (10, 201)])
def test_a_deadline_is_never_early(seconds: float, epochs: int) -> None:
    # The first epoch may end at once: one more than the time has in it.
    assert ticks(seconds) == epochs


def threads() -> int:
    return sum(thread.name == "wasm-epochs" for thread in threading.enumerate())


def wait(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.fixture
def engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.epoch_interruption = True
    return wasmtime.Engine(config)


def interrupted(engine: wasmtime.Engine, epochs: int) -> None:
    """Run an endless loop until its deadline."""
    store = wasmtime.Store(engine)
    store.set_epoch_deadline(epochs)
    module = wasmtime.Module(engine, bytes(wasmtime.wat2wasm(ENDLESS)))
    run = wasmtime.Instance(store, module, []).exports(store)["run"]
    assert isinstance(run, wasmtime.Func)
    with pytest.raises(wasmtime.Trap) as caught:
        run(store)
    assert caught.value.trap_code is wasmtime.TrapCode.INTERRUPT


def test_code_ends_at_its_deadline_and_not_before(engine: wasmtime.Engine) -> None:
    clock = EpochClock(engine)
    clock.hold()
    try:
        started = time.monotonic()
        interrupted(engine, ticks(0.3))
        assert 0.3 <= time.monotonic() - started < 20
    finally:
        clock.release()


def test_one_thread_serves_all_and_ends_with_the_last(engine: wasmtime.Engine) -> None:
    wait(lambda: threads() == 0)  # of tests before
    clock = EpochClock(engine)
    for _ in range(3):
        clock.hold()
    assert threads() == 1
    clock.release()
    clock.release()
    interrupted(engine, 4)  # it still runs
    assert threads() == 1
    clock.release()
    wait(lambda: threads() == 0)
    clock.hold()  # and it begins again
    interrupted(engine, 2)
    clock.release()
    wait(lambda: threads() == 0)
