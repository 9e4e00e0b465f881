"""A root context: which configuration it shows when, and how it ends."""

from __future__ import annotations

import pytest

from function_guest import FunctionGuest
from wasmkit.abi.constants import BufferType
from wasmkit.host.contexts.root import RootContext
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig


def make() -> tuple[RootContext, FunctionGuest]:
    config = VmConfig(configuration=b"VM")
    vm = Vm(config, FunctionGuest, World())
    assert isinstance(vm.guest, FunctionGuest)
    return RootContext(vm, PluginConfig(config, configuration=b"CONF")), vm.guest


def test_the_plugins_configuration_can_be_read_while_it_is_handed_over() -> None:
    root, guest = make()
    seen: dict[str, object] = {}
    for name in ("context_create", "vm_start", "configure", "tick"):

        def look(*_: int, name: str = name) -> int:
            seen[name] = root.buffer(BufferType.PLUGIN_CONFIGURATION)
            return 1

        guest.scripts[name] = look
    assert root.start()
    assert root.configure()
    root.notify("proxy_on_tick")
    assert seen == {
        "context_create": b"CONF",
        "vm_start": None,
        "configure": b"CONF",
        "tick": None,
    }


@pytest.mark.parametrize("name", ["vm_start", "configure"])
def test_a_guest_may_refuse(name: str) -> None:
    root, guest = make()
    guest.scripts[name] = lambda *_: 0
    assert (root.start(), root.configure()) == (name != "vm_start", name != "configure")


def test_what_was_never_created_is_not_ended() -> None:
    root, guest = make()
    root.shut_down()
    assert guest.said == []


def test_done_is_finished_once() -> None:
    root, guest = make()
    root.create()
    guest.scripts["done"] = lambda *_: 0
    root.shut_down()
    assert root.finish_done()
    assert not root.finish_done()
    root.vm.run_deferred()
    assert guest.said == [("context_create", 1, 0), ("done", 1), ("delete", 1)]
