"""The usual engine: the built module in a VM of its own, on this project's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.engines.emulated import EmulatedEngine, settings_of
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.plugin import Plugin

if TYPE_CHECKING:
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.plugin import PluginConfig

__all__ = ["WasmEngine"]


class WasmEngine(EmulatedEngine):
    """Plays exchanges through a plugin; see ``wasmkit.engines.engine.Engine``.

    Entering raises ``GuestModuleError`` with Envoy's reason if Envoy would not load the module.
    """

    name = "wasm"

    def __init__(self, plugin: PluginConfig, *, limits: Limits | None = None) -> None:
        super().__init__()
        self._config = plugin
        self._limits = limits

    def _open(self) -> Plugin:
        return Plugin(settings_of(self._config), self._make_guest, self._limits)

    def _make_guest(self, calls: Calls, limits: Limits) -> WasmGuest:
        return WasmGuest(self._config.vm.code, calls, limits)
