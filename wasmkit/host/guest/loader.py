"""Loads a module as strictly as Envoy does, and runs it as a guest.

Rules and texts are those of proxy-wasm-cpp-host (``src/wasm.cc``, ``src/v8/v8.cc``): the ABI
version is an export's name, every import must be known with its exact type, every known export
must have its exact type, memory is at most 1 GiB, and while a module initialises itself or
allocates it may call few host functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import wasmtime

from wasmkit.abi.callbacks import callbacks_of
from wasmkit.abi.functions import WASI_MODULES
from wasmkit.errors import GuestModuleError
from wasmkit.host.guest.compiled import compile_module, engine, epoch_clock
from wasmkit.host.guest.crossing import Exports, Imports, describe
from wasmkit.host.guest.deadline import ticks
from wasmkit.host.guest.imports import host_function
from wasmkit.host.guest.memory import GuestMemory
from wasmkit.host.guest.wasi import WasiImports
from wasmkit.host.protocol import GuestTrapError
from wasmkit.profiles import newest_envoy
from wasmkit.profiles.linking import (
    NO_ABI_VERSION,
    abi_version_of,
    export_faults,
    import_fault,
    missing_import,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from wasmkit.abi.signature import HostFunction
    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.guest.compiled import CompiledModule
    from wasmkit.host.limits import Limits
    from wasmkit.profiles import Profile
    from wasmkit.profiles.linking import Signature

    _MemoryOrTable: TypeAlias = wasmtime.Memory | wasmtime.Table

__all__ = ["WasmGuest"]

_PAGE = 65_536


class WasmGuest:
    """A module in a VM of its own. Making one loads, links and initialises the module.

    ``tracer`` is told of every call; without one it costs nothing. ``profile`` is the host whose
    rules hold. Raises ``GuestModuleError`` with the host's reason if it would not load the module.
    """

    def __init__(
        self,
        module: bytes,
        calls: Calls,
        limits: Limits,
        tracer: Tracer | None = None,
        profile: Profile | None = None,
    ) -> None:
        compiled = compile_module(module)
        self._profile = profile or newest_envoy()
        self._exported = compiled.exported
        version = abi_version_of(self._exported)
        if version is None:
            raise GuestModuleError(
                NO_ABI_VERSION,
                hint="a filter exports a function proxy_abi_version_0_2_1 (or _0_2_0, _0_1_0)",
            )
        self.abi_version = version
        self._allowed: frozenset[str] | None = self._profile.in_start_section
        self._malloc_trap: GuestTrapError | None = None
        self._deadline = ticks(limits.callback_seconds)
        self._limits = limits
        self._tracer = tracer
        self._malloc = "malloc" if "malloc" in self._exported else "proxy_on_memory_allocate"
        # ABI 0.1.0 is not told of a stream's end with its headers.
        self._counts = {name: row.count(version) for name, row in callbacks_of(version).items()}
        self._store = wasmtime.Store(engine())
        self._clock = epoch_clock()
        self._clock.hold()
        try:
            self._instantiate(compiled, calls)
            self._check_exports()
            self._initialise()
        except BaseException:
            self.close()
            raise

    def has(self, name: str) -> bool:
        """Return whether a callback is exported."""
        return name in self._counts and name in self._exported

    def call(self, name: str, *arguments: int) -> int:
        """Call a callback; see ``Guest.call``."""
        return self._run(name, *arguments[: self._counts[name]])

    def _run(self, name: str, *arguments: int) -> int:
        self._exports.set_deadline(self._deadline)
        call = self._exports.call if self._tracer is None else self._call_traced
        result = call(name, *arguments)
        if self._malloc_trap is not None:
            raise self._malloc_trap
        return result

    def _call_traced(self, name: str, *arguments: int) -> int:
        assert self._tracer is not None
        self._tracer.callback(name, arguments)
        result = self._exports.call(name, *arguments)
        self._tracer.returned(name, result if self._exported[name].results else None)
        return result

    def close(self) -> None:
        """Free the VM's memory."""
        self._clock.release()
        self._store.close()

    # Loading

    def _instantiate(self, compiled: CompiledModule, calls: Calls) -> None:
        given = self._profile.limits
        self._store.set_limits(
            memory_size=min(self._limits.memory_bytes, given.memory_pages * _PAGE),
            table_elements=min(self._limits.table_elements, given.table_entries),
        )
        self._store.set_epoch_deadline(self._deadline)
        imports = Imports(wasmtime.Linker(engine()))
        self._exports = Exports(self._store, imports)
        self._link(compiled, imports, calls)
        try:
            instance = imports.linker.instantiate(self._store, compiled.module)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            if imports.pending is not None and not isinstance(imports.pending, GuestTrapError):
                raise imports.pending from None
            reason = str(imports.pending or describe(error)).partition("\n")[0]
            raise GuestModuleError(f"Failed to create new Wasm instance: {reason}") from error
        self._exports.attach(instance)
        self._allowed = None
        if not self._exports.write(*compiled.segments):
            raise GuestModuleError(
                "Failed to create new Wasm instance: data segment is out of bounds"
            )

    def _link(self, compiled: CompiledModule, imports: Imports, calls: Calls) -> None:
        """Define what the module imports; a memory or a table is made for it."""
        memory = GuestMemory(self._exports, self._allocate, self._limits.host_bytes)
        wasi = WasiImports(calls, memory, self._profile)
        done = set()
        for item, signature in zip(compiled.module.imports, compiled.imported, strict=True):
            key = (item.module, item.name or "")
            if key in done:
                continue
            done.add(key)
            if isinstance(item.type, (wasmtime.MemoryType, wasmtime.TableType)):
                imports.linker.define(self._store, *key, self._made(item.type))
            else:
                row = self._row(*key, signature)
                if row.module in WASI_MODULES:
                    function = wasi.function(row.name)
                else:
                    function = host_function(row, calls, memory)
                call = self._guarded(*key, function)
                if self._tracer is not None:
                    call = _traced(self._tracer, row.name, call)
                imports.define(*key, row, call)

    def _made(self, kind: wasmtime.MemoryType | wasmtime.TableType) -> _MemoryOrTable:
        """Make a memory or a table that a module imports."""
        try:
            if isinstance(kind, wasmtime.TableType):
                return wasmtime.Table(self._store, kind, None)
            memory = wasmtime.Memory(self._store, kind)
        except wasmtime.WasmtimeError as error:  # it is larger than what is given
            raise GuestModuleError(f"Failed to initialize Wasm code ({error})") from error
        self._exports.use_memory(memory)
        return memory

    def _row(self, module: str, name: str, signature: Signature | None) -> HostFunction:
        """Return the host function that an import means; ``signature`` is None for a global."""
        reason = missing_import(module, name)
        if signature is not None:
            reason = import_fault(self._profile, self.abi_version, module, name, signature)
        if reason:
            raise GuestModuleError(reason, hint="wasmkit inspect FILE lists what a module imports")
        row = self._profile.function(self.abi_version, module, name)
        assert row is not None
        return row

    def _check_exports(self) -> None:
        for reason in export_faults(self._profile, self.abi_version, self._exported):
            raise GuestModuleError(reason)

    def _guarded(
        self, module: str, name: str, function: Callable[..., int | None]
    ) -> Callable[..., int | None]:
        """Refuse the call in a phase in which Envoy does."""

        def guarded(*arguments: int) -> int | None:
            if self._allowed is not None and name not in self._allowed:
                raise GuestTrapError(f"Uncaught Error: restricted_callback ({module}.{name})")
            return function(*arguments)

        return guarded

    def _allocate(self, size: int) -> int:
        """Call the guest's ``malloc``; its trap ends the guest when the callback has returned."""
        before, self._allowed = self._allowed, self._profile.in_allocation
        try:
            return self._exports.call(self._malloc, size)
        except GuestTrapError as error:
            self._malloc_trap = self._malloc_trap or error
            return 0
        finally:
            self._allowed = before

    def _initialise(self) -> None:
        """Run ``_initialize`` and then ``main``, or ``_start``; never both."""
        self._allowed = self._profile.at_start
        for name in self._profile.starters(self._exported):
            try:
                self._run(name, *([0] * len(self._exported[name].parameters)))
            except GuestTrapError as error:
                raise GuestModuleError(str(error).partition("\n")[0]) from error
        self._allowed = None


def _traced(
    tracer: Tracer, name: str, function: Callable[..., int | None]
) -> Callable[..., int | None]:
    def traced(*arguments: int) -> int | None:
        tracer.host_call(name, arguments)
        result = function(*arguments)
        tracer.returned(name, None if result is None else int(result))
        return result

    return traced
