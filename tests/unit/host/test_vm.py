"""A VM: numbers of contexts, nested callbacks, failure."""

from __future__ import annotations

import pytest

from function_guest import FunctionGuest
from wasmkit.abi.constants import Status
from wasmkit.host.contexts.base import Context
from wasmkit.host.plugin import Plugin
from wasmkit.host.protocol import CallError, GuestTrapError
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig


def make(config: VmConfig | None = None) -> tuple[Vm, FunctionGuest]:
    vm = Vm(config or VmConfig(), FunctionGuest, World())
    assert isinstance(vm.guest, FunctionGuest)
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
    vm.invoke(plugin.root, "proxy_on_tick")
    vm.run_deferred()
    assert guest.said == [("done", 1), ("tick", 1), ("delete", 1)]
    with pytest.raises(CallError):
        guest.calls.done()


def ticking() -> tuple[Vm, FunctionGuest, Plugin]:
    vm, guest = make()
    plugin = Plugin(vm, PluginConfig(vm.config))

    def configure(*_: int) -> int:
        guest.calls.set_tick_period_milliseconds(10)
        return 1

    guest.scripts["configure"] = configure
    plugin.start()
    guest.said.clear()
    return vm, guest, plugin


def test_a_tick_comes_each_time_its_period_has_passed() -> None:
    vm, guest, _ = ticking()
    vm.world.advance(9_999_999)
    assert guest.said == []
    vm.world.advance(1)
    assert guest.said == [("tick", 1)]
    vm.world.advance(25_000_000)
    assert guest.said == [("tick", 1)] * 3


def test_a_period_may_be_changed_and_ended() -> None:
    vm, guest, _ = ticking()
    periods = iter([3, 0])

    def tick(*_: int) -> int:
        guest.calls.set_tick_period_milliseconds(next(periods))
        return 0

    guest.scripts["tick"] = tick
    vm.world.advance(1_000_000_000)
    assert guest.said == [("tick", 1)] * 2


def test_ticks_that_are_late_are_not_made_up_for() -> None:
    vm, guest, _ = ticking()

    def tick(*_: int) -> int:
        vm.world.advance(35_000_000)
        return 0

    guest.scripts["tick"] = tick
    vm.world.advance(60_000_000)
    assert guest.said == [("tick", 1)] * 2


@pytest.mark.parametrize("how", ["trap", "kill", "close"])
def test_no_tick_outlives_its_vm(how: str) -> None:
    vm, guest, _ = ticking()
    if how == "trap":
        vm.trap = "why"
    else:
        getattr(vm, how)()
    guest.said.clear()
    vm.world.advance(1_000_000_000)
    assert guest.said == []
    assert not vm.world.run_until(lambda: False, most=1)


def test_a_stream_sets_the_timer_of_its_root_context() -> None:
    vm, guest = make()
    plugin = Plugin(vm, PluginConfig(vm.config))
    stream = Context(vm, plugin.config, plugin.root)

    def log(*_: int) -> int:
        guest.calls.set_tick_period_milliseconds(1)
        return 0

    guest.scripts["log"] = log
    vm.invoke(stream, "proxy_on_log")
    vm.world.advance(1_000_000)
    assert guest.said == [("log", 2), ("tick", 1)]
