"""How a host call ends, and what every guest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_guest import FunctionGuest
from wasmkit.abi.constants import Status
from wasmkit.host.protocol import CallError, GuestTrapError
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import VmConfig

if TYPE_CHECKING:
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.host.protocol import Guest


def test_a_call_ends_with_its_status() -> None:
    error = CallError(Status.CAS_MISMATCH)
    assert error.status is Status.CAS_MISMATCH
    assert str(error) == "CAS_MISMATCH"


def test_a_trap_says_why() -> None:
    assert str(GuestTrapError("unreachable")) == "unreachable"


def test_functions_are_a_guest() -> None:
    made: list[Guest] = []

    def make(calls: Calls, limits: Limits, _: object) -> Guest:
        made.append(FunctionGuest(calls, limits))
        return made[0]

    vm = Vm(VmConfig(), make, World())
    assert vm.guest is made[0]
    assert made[0].has("proxy_on_tick")
    assert made[0].call("proxy_on_tick", 1) == 1
