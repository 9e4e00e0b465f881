"""The usual engine: the built module in a VM of its own, on this project's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.engines.emulated import EmulatedEngine
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.plugin import Plugin, PluginSettings

if TYPE_CHECKING:
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits

__all__ = ["WasmEngine"]


class WasmEngine(EmulatedEngine):
    """Plays exchanges through a module; see ``wasmkit.engines.engine.Engine``.

    ``configuration`` is what ``on_configure`` gets, ``vm_configuration`` what ``on_vm_start``
    gets; ``on_error`` is ``close`` or ``open``, what becomes of requests once the VM has failed.
    Entering raises ``GuestModuleError`` with Envoy's reason if Envoy would not load the module.
    """

    name = "wasm"

    def __init__(
        self,
        module: bytes,
        *,
        configuration: bytes = b"",
        vm_configuration: bytes = b"",
        root_id: str = "",
        name: str = "",
        on_error: str = "close",
        limits: Limits | None = None,
    ) -> None:
        super().__init__()
        self._module = module
        self._limits = limits
        self._settings = PluginSettings(
            configuration=configuration,
            vm_configuration=vm_configuration,
            name=name,
            root_id=root_id,
            fail_open=on_error == "open",
        )

    def _open(self) -> Plugin:
        return Plugin(self._settings, self._make_guest, self._limits)

    def _make_guest(self, calls: Calls, limits: Limits) -> WasmGuest:
        return WasmGuest(self._module, calls, limits)
