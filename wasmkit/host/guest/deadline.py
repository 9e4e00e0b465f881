"""Wall-clock deadlines for Wasm code, by wasmtime's epochs.

Compiled code compares a counter of the engine with its store's deadline at every loop and call.
One thread advances the counter while any VM is open, and ends when none is.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmtime import Engine

__all__ = ["EpochClock", "ticks"]

_TICK_SECONDS = 0.05


def ticks(seconds: float) -> int:
    """Return the epochs after which at least ``seconds`` have gone by."""
    return math.ceil(seconds / _TICK_SECONDS) + 1


class EpochClock:
    """Advances an engine's epoch 20 times a second between ``hold`` and the last ``release``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._holders = 0
        self._running = False

    def hold(self) -> None:
        """Say that a VM is open."""
        with self._lock:
            self._holders += 1
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="wasm-epochs", daemon=True).start()

    def release(self) -> None:
        """Say that it is closed."""
        with self._lock:
            self._holders -= 1

    def _run(self) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            self._engine.increment_epoch()
            with self._lock:
                if not self._holders:
                    self._running = False
                    return
