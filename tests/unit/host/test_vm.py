"""A VM: numbers of contexts, nested callbacks, failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.abi.constants import LogLevel, Status
from wasmkit.errors import GuestModuleError
from wasmkit.host.plugin import Plugin
from wasmkit.host.protocol import CallError, GuestTrapError
from wasmkit.host.vm import Vm
from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits


class ScriptedGuest:
    """A guest whose callbacks are functions of this process."""

    abi_version = "0.2.1"

    def __init__(self, calls: Calls, limits: Limits) -> None:
        del limits
        self.calls = calls
        self.said: list[tuple[int | str, ...]] = []
        self.scripts: dict[str, Callable[..., int]] = {}
        self.closed = False

    def has(self, name: str) -> bool:
        return name.startswith("proxy_on_")

    def call(self, name: str, *arguments: int) -> int:
        assert not self.closed
        short = name.removeprefix("proxy_on_")
        self.said.append((short, *arguments))
        script = self.scripts.get(short)
        return 1 if script is None else script(*arguments)

    def close(self) -> None:
        self.closed = True


def make(config: VmConfig | None = None) -> tuple[Vm, ScriptedGuest]:
    vm = Vm(config or VmConfig(), ScriptedGuest)
    assert isinstance(vm.guest, ScriptedGuest)
    return vm, vm.guest


def test_plugins_that_share_a_vm_have_root_contexts_of_their_own() -> None:
    vm, guest = make(VmConfig(configuration=b"VM"))
    first, second = (PluginConfig(vm.config, name, configuration=name.encode()) for name in "ab")
    plugins = [Plugin(vm, first), Plugin(vm, second)]
    for plugin in plugins:
        plugin.start()
    assert guest.said == [
        *(("context_create", 1, 0), ("vm_start", 1, 2), ("configure", 1, 1)),
        *(("context_create", 2, 0), ("vm_start", 2, 2), ("configure", 2, 1)),
    ]
    guest.said.clear()
    vm.close()
    assert guest.said == [("done", 1), ("delete", 1), ("done", 2), ("delete", 2)]
    assert guest.closed


def test_a_configuration_is_that_of_the_plugin_whose_turn_it_is() -> None:
    vm, guest = make()
    read: list[bytes] = []

    def configure(*_: int) -> int:
        read.append(guest.calls.get_buffer_bytes(7, 0, 99))
        read.append(guest.calls.get_property(b"plugin_name"))
        return 1

    guest.scripts["configure"] = configure
    for name in "ab":
        Plugin(vm, PluginConfig(vm.config, name, configuration=name.encode() * 2)).start()
    assert read == [b"aa", b"a", b"bb", b"b"]


def test_a_nested_callback_restores_the_contexts_of_the_outer_one() -> None:
    vm, guest = make()
    one, two = (Plugin(vm, PluginConfig(vm.config)).root for _ in range(2))
    seen: list[int] = []

    def outer(*_: int) -> int:
        guest.calls.set_effective_context(2)
        assert vm.invoke(two, "proxy_on_queue_ready", 7) == 5
        seen.append(vm.effective_context.id)
        return 1

    def inner(*_: int) -> int:
        seen.append(vm.effective_context.id)
        guest.calls.set_effective_context(1)
        seen.append(vm.effective_context.id)
        return 5

    guest.scripts |= {"tick": outer, "queue_ready": inner}
    vm.invoke(one, "proxy_on_tick")
    assert seen == [2, 1, 2]
    assert vm.effective_context.id == 0


def test_an_unknown_context_cannot_be_effective() -> None:
    vm, guest = make()
    with pytest.raises(CallError) as caught:
        guest.calls.set_effective_context(9)
    assert caught.value.status is Status.BAD_ARGUMENT
    assert vm.effective_context.id == 0


def test_after_a_trap_nothing_is_called() -> None:
    vm, guest = make()
    plugin = Plugin(vm, PluginConfig(vm.config))

    def fail(*_: int) -> int:
        raise GuestTrapError("why")

    guest.scripts["tick"] = fail
    vm.invoke(plugin.root, "proxy_on_tick")
    assert vm.trap == "why"
    assert vm.invoke(plugin.root, "proxy_on_tick", absent=3) == 3
    vm.close()
    assert guest.said == [("tick", 1)]
    assert guest.closed


def test_a_plugin_that_is_refused_ends_its_vm() -> None:
    vm, guest = make()

    def refuse(*_: int) -> int:
        guest.calls.log(LogLevel.ERROR, b"my reason")
        return 0

    guest.scripts["configure"] = refuse
    with pytest.raises(GuestModuleError, match="on_configure returned false") as caught:
        Plugin(vm, PluginConfig(vm.config)).start()
    assert caught.value.hint == "my reason"
    assert guest.said[-1] == ("configure", 1, 0), "it is not told that it is done"
    assert guest.closed
    vm.close()


@pytest.mark.parametrize("policy", FailurePolicy)
def test_streams_pass_by_a_failed_plugin_only_if_it_fails_open(policy: FailurePolicy) -> None:
    vm, _ = make()
    plugin = Plugin(vm, PluginConfig(vm.config, failure_policy=policy))
    vm.trap = "why"
    stream = plugin.new_stream(None)  # type: ignore[arg-type]  # nothing is asked of it here
    assert (stream is None) is (policy is FailurePolicy.FAIL_OPEN)


def test_a_root_context_may_put_off_that_it_is_done() -> None:
    vm, guest = make()
    plugin = Plugin(vm, PluginConfig(vm.config))
    plugin.start()
    guest.said.clear()
    guest.scripts["done"] = lambda *_: 0
    plugin.root.shut_down()
    assert guest.said == [("done", 1)]

    def finish(*_: int) -> int:
        guest.calls.done()
        return 0

    guest.scripts["tick"] = finish
    plugin.root.tick()
    assert guest.said == [("done", 1), ("tick", 1), ("delete", 1)]
    with pytest.raises(CallError):
        guest.calls.done()
