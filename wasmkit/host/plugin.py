"""One plugin on a VM: its root context, its start, what becomes of requests when it has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.errors import GuestModuleError
from wasmkit.host.contexts.http import StreamContext
from wasmkit.host.contexts.root import RootContext
from wasmkit.http.message import as_text
from wasmkit.plugin import FailurePolicy

if TYPE_CHECKING:
    from wasmkit.host.contexts.manager import FilterCallbacks
    from wasmkit.host.vm import Vm
    from wasmkit.plugin import PluginConfig

__all__ = ["Plugin"]


class Plugin:
    """A plugin in a VM, which others may share; the VM outlives it."""

    def __init__(self, vm: Vm, config: PluginConfig) -> None:
        self.vm = vm
        self.config = config
        self.root = RootContext(vm, config)

    def start(self) -> None:
        """Start the VM for this plugin and configure it.

        Raises ``GuestModuleError`` if the guest refuses either or traps; the hint is the last
        line that it logged, and the VM has ended.
        """
        reason = ""
        if not self.root.start():
            reason = "Failed to start base Wasm: proxy_on_vm_start returned false"
        elif not self.root.configure():
            reason = "Failed to configure base Wasm plugin: proxy_on_configure returned false"
        trap = self.vm.trap
        if reason or trap:
            self.vm.kill()
            hint = as_text(self.vm.last_line)
            raise GuestModuleError(trap.partition("\n")[0] or reason, hint=hint)

    def new_stream(self, manager: FilterCallbacks) -> StreamContext | None:
        """Return a context for a new stream; None if it passes by this plugin, which has failed."""
        if self.vm.trap and self.config.failure_policy is FailurePolicy.FAIL_OPEN:
            return None
        return StreamContext(self.vm, self.root, manager)
