"""Time moves only when it is moved, and brings what is due in its order."""

from __future__ import annotations

import time
from functools import partial

from wasmkit.host.world import World


def test_the_clock_stands_still() -> None:
    world = World()
    before = world.now, world.monotonic
    time.sleep(0.002)
    assert (world.now, world.monotonic) == before


def test_the_clock_begins_at_this_machines_time_or_where_it_is_set() -> None:
    assert abs(World().now - time.time_ns()) < 10**9
    assert World(now=5).now == 5


def test_setting_the_wall_clock_moves_no_event() -> None:
    world = World(now=0)
    seen: list[int] = []
    world.schedule(10, lambda: seen.append(world.now))
    monotonic = world.monotonic
    world.now = 1_000_000
    assert world.monotonic == monotonic
    world.advance(9)
    assert seen == []
    world.advance(1)
    assert seen == [1_000_010]


def test_events_come_in_the_order_of_their_times() -> None:
    world = World(now=0)
    seen: list[tuple[str, int]] = []

    def note(name: str) -> None:
        seen.append((name, world.now))

    for name, delay in (("late", 20), ("first", 10), ("second", 10)):
        world.schedule(delay, partial(note, name))
    world.advance(15)
    assert (seen, world.now) == ([("first", 10), ("second", 10)], 15)
    world.advance(15)
    assert (seen[2:], world.now) == ([("late", 20)], 30)


def test_what_was_cancelled_does_not_happen() -> None:
    world = World()
    seen: list[int] = []
    timer = world.schedule(1, lambda: seen.append(1))
    timer.cancel()
    timer.cancel()
    world.advance(2)
    assert seen == []


def test_time_passes_until_something_is_done() -> None:
    world = World(now=0)
    seen: list[int] = []

    def again() -> None:
        seen.append(world.now)
        world.schedule(10, again)

    world.schedule(10, again)
    assert world.run_until(lambda: len(seen) == 3, most=10)
    assert (seen, world.now) == ([10, 20, 30], 30)
    assert not world.run_until(lambda: len(seen) == 9, most=5)
    assert len(seen) == 8
    assert not World().run_until(lambda: False, most=5)


def test_cancelled_events_do_not_count() -> None:
    world = World()
    seen: list[int] = []
    for _ in range(3):
        world.schedule(1, lambda: None).cancel()
    world.schedule(2, lambda: seen.append(1))
    assert world.run_until(lambda: bool(seen), most=1)


def test_chance_is_the_same_for_the_same_seed() -> None:
    first, second, other = (World(seed=seed).random_bytes(16) for seed in (1, 1, 2))
    assert first == second != other
    assert World().random_bytes(16) != World().random_bytes(16)
