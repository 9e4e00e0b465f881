"""What surrounds the VMs and can be set: the time, chance, and what happens later.

Time is virtual. It stands still while a guest runs and moves only when the driver of the world
moves it, so that a timer of an hour costs nothing and comes out the same each time.
"""

from __future__ import annotations

import heapq
import os
import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timer", "World"]

_UPTIME = 3600 * 10**9
"""Where the monotonic clock begins: as on a machine that has been up for an hour."""


class Timer:
    """Something that is to happen at a time."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Do not let it happen; a second call, or one that comes too late, does nothing."""
        self.action = None


class World:
    """A clock, random bytes and a queue of events, shared by all VMs of one run.

    ``now`` is the wall clock at the beginning, in nanoseconds since 1970, this machine's own
    unless given. With a ``seed`` random bytes are the same in each run. Times are nanoseconds.
    """

    def __init__(self, *, now: int | None = None, seed: int | None = None) -> None:
        self._monotonic = _UPTIME
        self._offset = (time.time_ns() if now is None else now) - _UPTIME
        seeded = random.Random(seed)  # noqa: S311  # a seed is given to foresee what comes
        self._random = os.urandom if seed is None else seeded.randbytes
        self._queue: list[tuple[int, int, Timer]] = []
        self._sequence = 0

    @property
    def now(self) -> int:
        """The wall clock. Setting it moves no event nearer or farther."""
        return self._monotonic + self._offset

    @now.setter
    def now(self, value: int) -> None:
        self._offset = value - self._monotonic

    @property
    def monotonic(self) -> int:
        """The clock that nobody sets."""
        return self._monotonic

    def random_bytes(self, size: int) -> bytes:
        """Return bytes that nobody can foresee, unless the world was made with a seed."""
        return self._random(size)

    def schedule(self, delay: int, action: Callable[[], None]) -> Timer:
        """Let something happen after a time; of two at the same time the first one set is first."""
        timer = Timer(action)
        self._sequence += 1
        heapq.heappush(self._queue, (self._monotonic + delay, self._sequence, timer))
        return timer

    def advance(self, duration: int) -> None:
        """Let time pass, and what is due in it happen."""
        end = self._monotonic + duration
        while self._queue and self._queue[0][0] <= end:
            self._next()
        self._monotonic = max(self._monotonic, end)

    def run_until(self, done: Callable[[], bool], *, most: int) -> bool:
        """Let time pass, event by event, until ``done``; return whether it came to that.

        It does not when nothing is to happen any more, or after so many events.
        """
        while not done():
            if not self._queue or not most:
                return False
            most -= self._next()
        return True

    def _next(self) -> bool:
        """Carry out the next event; return whether there was something to do."""
        due, _, timer = heapq.heappop(self._queue)
        action = timer.action
        if action is None:
            return False
        self._monotonic = max(self._monotonic, due)
        action()
        return True
