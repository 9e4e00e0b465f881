"""Plugins start as in Envoy: canary, main thread, workers; equal VM configurations share a VM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from function_guest import FunctionGuest
from wasmkit.abi.constants import LogLevel
from wasmkit.errors import GuestModuleError
from wasmkit.host.threads import Starts, Threads
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig

if TYPE_CHECKING:
    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits

PLUGIN = PluginConfig(configuration=b"CONF")
STARTED = [("context_create", 1, 0), ("vm_start", 1, 0), ("configure", 1, 4)]
ENDED = [("done", 1), ("delete", 1)]


class Guests:
    """The guests of one run, in the order in which they were made."""

    def __init__(self, refuses: int | None = None) -> None:
        self.made: list[FunctionGuest] = []
        self._refuses = refuses

    def __call__(
        self, vm: VmConfig, calls: Calls, limits: Limits, tracer: Tracer | None
    ) -> FunctionGuest:
        del vm
        number = len(self.made)
        guest = FunctionGuest(calls, limits, tracer)

        def configure(*_: int) -> int:
            calls.log(LogLevel.INFO, b"%d" % number)
            return int(number != self._refuses)

        guest.scripts["configure"] = configure
        self.made.append(guest)
        return guest

    def said(self) -> list[list[tuple[int | str, ...]]]:
        return [guest.said for guest in self.made]


@pytest.mark.parametrize(
    ("starts", "workers", "said", "logged"),
    [
        (Starts.ENVOY, 1, [STARTED, STARTED + ENDED, STARTED + ENDED], b"2"),
        (Starts.ENVOY, 2, [STARTED, *[STARTED + ENDED] * 3], b"2"),
        (Starts.WORKER, 1, [STARTED + ENDED], b"0"),
    ],
)
def test_the_order_of_starts(
    starts: Starts, workers: int, said: list[object], logged: bytes
) -> None:
    guests = Guests()
    logs: list[bytes] = []
    with Threads(
        [PLUGIN],
        guests,
        World(),
        starts=starts,
        workers=workers,
        log=lambda _, line: logs.append(line),
    ) as threads:
        assert len(threads.plugins) == 1
        assert [guest.closed for guest in guests.made] == [
            *([True] * (starts is Starts.ENVOY)),
            *([False] * (len(said) - (starts is Starts.ENVOY))),
        ], "the canary is killed before the others start"
    assert guests.said() == said
    assert all(guest.closed for guest in guests.made)
    assert logs == [logged], "only the worker through which traffic goes is heard"


def test_plugins_with_equal_vms_share_one_and_others_do_not() -> None:
    guests = Guests()
    vm, other = VmConfig(code=b"x", vm_id="a"), VmConfig(code=b"x", vm_id="b")
    configs = [PluginConfig(vm, "one"), PluginConfig(other, "two"), PluginConfig(vm, "three")]
    with Threads(configs, guests, World(), starts=Starts.WORKER) as threads:
        one, two, three = threads.plugins
        assert one.vm is three.vm is not two.vm
        assert [plugin.root.id for plugin in threads.plugins] == [1, 1, 2]
    assert len(guests.made) == 2


@pytest.mark.parametrize(("refuses", "made"), [(0, 1), (1, 2), (2, 3)])
def test_a_refusal_ends_all(refuses: int, made: int) -> None:
    guests = Guests(refuses)
    with (
        pytest.raises(GuestModuleError, match="on_configure") as caught,
        Threads([PLUGIN], guests, World()),
    ):
        pass
    assert caught.value.hint == str(refuses)
    assert len(guests.made) == made
    assert all(guest.closed for guest in guests.made)
