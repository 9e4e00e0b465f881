"""One plugin on a VM: how it is refused, and what becomes of streams once the VM has failed."""

from __future__ import annotations

import pytest

from function_guest import FunctionGuest
from wasmkit.abi.constants import LogLevel
from wasmkit.errors import GuestModuleError
from wasmkit.host.plugin import Plugin
from wasmkit.host.protocol import GuestTrapError
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig


def make(policy: FailurePolicy = FailurePolicy.FAIL_CLOSED) -> tuple[Plugin, FunctionGuest]:
    vm = Vm(VmConfig(), FunctionGuest, World())
    assert isinstance(vm.guest, FunctionGuest)
    return Plugin(vm, PluginConfig(vm.config, failure_policy=policy)), vm.guest


@pytest.mark.parametrize("name", ["vm_start", "configure"])
def test_a_plugin_that_is_refused_ends_its_vm(name: str) -> None:
    plugin, guest = make()

    def refuse(*_: int) -> int:
        guest.calls.log(LogLevel.ERROR, b"my reason")
        return 0

    guest.scripts[name] = refuse
    with pytest.raises(GuestModuleError, match=f"proxy_on_{name} returned false") as caught:
        plugin.start()
    assert caught.value.hint == "my reason"
    assert guest.said[-1][0] == name, "it is not told that it is done"
    assert guest.closed
    plugin.vm.close()


def test_a_trap_at_the_start_is_the_reason() -> None:
    plugin, guest = make()

    def fail(*_: int) -> int:
        raise GuestTrapError("unreachable\nat 0x12")

    guest.scripts["vm_start"] = fail
    with pytest.raises(GuestModuleError, match=r"^unreachable$"):
        plugin.start()


@pytest.mark.parametrize("policy", FailurePolicy)
def test_streams_pass_by_a_failed_plugin_only_if_it_fails_open(policy: FailurePolicy) -> None:
    plugin, _ = make(policy)
    plugin.vm.trap = "why"
    stream = plugin.new_stream(None)  # type: ignore[arg-type]  # nothing is asked of it here
    assert (stream is None) is (policy is FailurePolicy.FAIL_OPEN)
