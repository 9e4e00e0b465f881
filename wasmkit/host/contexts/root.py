"""The root context: a plugin in its VM, from its start to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import BufferType
from wasmkit.host.contexts.base import Context

if TYPE_CHECKING:
    from wasmkit.host.buffer import Buffer
    from wasmkit.host.contexts.base import VmInterface
    from wasmkit.plugin import PluginConfig

__all__ = ["RootContext"]


class RootContext(Context):
    """The context of a plugin in its VM: start, configuration, end."""

    def __init__(self, vm: VmInterface, plugin: PluginConfig) -> None:
        super().__init__(vm, plugin)
        self._configuring = False
        self._done_pending = False

    def start(self) -> bool:
        """Create the context and start the VM; return whether the guest agreed."""
        self._configuring = True
        self.create()
        self._configuring = False
        return bool(self.notify("proxy_on_vm_start", len(self.vm.config.configuration), absent=1))

    def configure(self) -> bool:
        """Hand over the configuration; return whether the guest agreed."""
        self._configuring = True
        configured = self.notify("proxy_on_configure", len(self.plugin.configuration), absent=1)
        self._configuring = False
        return bool(configured)

    def shut_down(self) -> None:
        """Tell the guest that the plugin is done and, unless it puts that off, gone."""
        if self.created:
            done = self.vm.invoke(self, "proxy_on_done", absent=1)
            self._done_pending = not done
            self.vm.run_deferred()
            if done:
                self._delete()

    def finish_done(self) -> bool:
        """See ``Context.finish_done``."""
        if not self._done_pending:
            return False
        self._done_pending = False
        self.vm.defer(self._delete)
        return True

    def _delete(self) -> None:
        self.notify("proxy_on_delete")

    def _find_buffer(self, buffer_type: BufferType) -> Buffer | bytes | None:
        if buffer_type is BufferType.PLUGIN_CONFIGURATION and self._configuring:
            return self.plugin.configuration
        return super()._find_buffer(buffer_type)
