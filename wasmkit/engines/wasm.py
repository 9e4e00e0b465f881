"""The usual engine: the built module in a VM of its own, on this project's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.engines.emulated import EmulatedEngine
from wasmkit.host.guest.loader import WasmGuest

if TYPE_CHECKING:
    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.plugin import VmConfig

__all__ = ["WasmEngine"]


class WasmEngine(EmulatedEngine):
    """Plays exchanges through a plugin; see ``wasmkit.engines.engine.Engine``.

    Entering raises ``GuestModuleError`` with Envoy's reason if Envoy would not load the module.
    """

    name = "wasm"

    def _make_guest(
        self, vm: VmConfig, calls: Calls, limits: Limits, tracer: Tracer | None
    ) -> WasmGuest:
        return WasmGuest(vm.code, calls, limits, tracer, self._profile)
