"""Loads a module as strictly as Envoy does, and runs it as a guest.

Rules and texts are those of proxy-wasm-cpp-host (``src/wasm.cc``, ``src/v8/v8.cc``): the ABI
version is an export's name, every import must be known with its exact type, every known export
must have its exact type, memory is at most 1 GiB, and while a module initialises itself or
allocates it may call few host functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import wasmtime

from wasmkit.abi.constants import ABI_VERSIONS
from wasmkit.errors import GuestModuleError
from wasmkit.host.guest.compiled import compile_module, engine, epoch_clock
from wasmkit.host.guest.crossing import Exports, Imports, describe
from wasmkit.host.guest.deadline import ticks
from wasmkit.host.guest.imports import ProxyImports, proxy_signatures
from wasmkit.host.guest.memory import GuestMemory
from wasmkit.host.guest.wasi import WASI_MODULES, WASI_SIGNATURES, WasiImports
from wasmkit.host.protocol import GuestTrapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.calls import Calls
    from wasmkit.host.guest.compiled import CompiledModule
    from wasmkit.host.limits import Limits

__all__ = ["WasmGuest", "callback_signatures"]

# Parameters and result of each export that Envoy looks up; all are i32.
_CALLBACKS = {
    "proxy_on_configure": (2, 1),
    "proxy_on_context_create": (2, 0),
    "proxy_on_delete": (1, 0),
    "proxy_on_done": (1, 1),
    "proxy_on_downstream_connection_close": (2, 0),
    "proxy_on_downstream_data": (3, 1),
    "proxy_on_grpc_close": (3, 0),
    "proxy_on_grpc_receive": (3, 0),
    "proxy_on_grpc_receive_initial_metadata": (3, 0),
    "proxy_on_grpc_receive_trailing_metadata": (3, 0),
    "proxy_on_http_call_response": (5, 0),
    "proxy_on_log": (1, 0),
    "proxy_on_new_connection": (1, 1),
    "proxy_on_queue_ready": (2, 0),
    "proxy_on_request_body": (3, 1),
    "proxy_on_request_metadata": (2, 1),
    "proxy_on_request_trailers": (2, 1),
    "proxy_on_response_body": (3, 1),
    "proxy_on_response_metadata": (2, 1),
    "proxy_on_response_trailers": (2, 1),
    "proxy_on_tick": (1, 0),
    "proxy_on_upstream_connection_close": (2, 0),
    "proxy_on_upstream_data": (3, 1),
    "proxy_on_vm_start": (2, 1),
    "proxy_validate_configuration": (2, 1),
}

_PREVIEW_1_AT_START = (
    "args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get"
    " fd_advise fd_allocate fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights"
    " fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_dir_name"
    " fd_prestat_get fd_pwrite fd_readdir fd_renumber fd_sync fd_tell fd_write"
    " path_create_directory path_filestat_get path_filestat_set_times path_link path_readlink"
    " path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff random_get"
    " sock_accept sock_recv sock_send sock_shutdown"
)
_AT_START = frozenset(
    {"proxy_log", "emscripten_notify_memory_growth", *_PREVIEW_1_AT_START.split()}
)
_IN_MALLOC = frozenset({"proxy_log", "fd_write", "clock_time_get", "poll_oneoff"})

# While the start function of the module itself runs there is no context yet: Envoy crashes.
_IN_START_FUNCTION: frozenset[str] = frozenset()

_I32 = wasmtime.ValType.i32()


def callback_signatures(abi_version: str) -> dict[str, tuple[int, int]]:
    """Return the callbacks that a module of that version may export: (parameters, results)."""
    headers = (2, 1) if abi_version == "0.1.0" else (3, 1)
    table = _CALLBACKS | {"proxy_on_request_headers": headers, "proxy_on_response_headers": headers}
    if abi_version != "0.1.0":
        table["proxy_on_foreign_function"] = (3, 0)
    return table


class WasmGuest:
    """A module in a VM of its own. Making one loads, links and initialises the module.

    Raises ``GuestModuleError`` with Envoy's reason if Envoy would not load it.
    """

    def __init__(self, module: bytes, calls: Calls, limits: Limits) -> None:
        compiled = compile_module(module)
        self._exported = {
            item.name: item.type
            for item in compiled.module.exports
            if isinstance(item.type, wasmtime.FuncType)
        }
        self.abi_version = _abi_version(self._exported)
        self._allowed: frozenset[str] | None = _IN_START_FUNCTION
        self._malloc_trap: GuestTrapError | None = None
        self._deadline = ticks(limits.callback_seconds)
        self._limits = limits
        self._malloc = _find_malloc(self._exported)
        self._callbacks = callback_signatures(self.abi_version)
        for name, (parameters, results) in self._callbacks.items():
            _check_signature(self._exported, name, parameters, results)
        self._store = wasmtime.Store(engine())
        self._clock = epoch_clock()
        self._clock.hold()
        try:
            self._instantiate(compiled, calls)
            self._initialise()
        except BaseException:
            self.close()
            raise

    def has(self, name: str) -> bool:
        """Return whether a callback is exported."""
        return name in self._callbacks and name in self._exported

    def call(self, name: str, *arguments: int) -> int:
        """Call a callback; see ``Guest.call``."""
        if self.abi_version == "0.1.0" and name in (
            "proxy_on_request_headers",
            "proxy_on_response_headers",
        ):
            arguments = arguments[:2]  # this version is not told of the stream's end
        return self._run(name, *arguments)

    def _run(self, name: str, *arguments: int) -> int:
        self._exports.set_deadline(self._deadline)
        result = self._exports.call(name, *arguments)
        if self._malloc_trap is not None:
            raise self._malloc_trap
        return result

    def close(self) -> None:
        """Free the VM's memory."""
        self._clock.release()
        self._store.close()

    # Loading

    def _instantiate(self, compiled: CompiledModule, calls: Calls) -> None:
        self._store.set_limits(
            memory_size=self._limits.memory_bytes, table_elements=self._limits.table_elements
        )
        self._store.set_epoch_deadline(self._deadline)
        imports = Imports(wasmtime.Linker(engine()))
        self._exports = Exports(self._store, imports)
        self._link(compiled.module, imports, calls)
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

    def _link(self, module: wasmtime.Module, imports: Imports, calls: Calls) -> None:
        """Define what the module imports; a memory or a table is made for it."""
        memory = GuestMemory(self._exports, self._allocate, self._limits.host_bytes)
        wasi = (WASI_SIGNATURES, WasiImports(calls, memory).function)
        tables = dict.fromkeys(WASI_MODULES, wasi)
        tables["env"] = (proxy_signatures(self.abi_version), ProxyImports(calls, memory).function)
        done = set()
        for item in module.imports:
            key = (item.module, item.name or "")
            if key in done:
                continue
            done.add(key)
            if isinstance(item.type, wasmtime.MemoryType):
                made = wasmtime.Memory(self._store, item.type)
                self._exports.use_memory(made)
                imports.linker.define(self._store, *key, made)
            elif isinstance(item.type, wasmtime.TableType):
                imports.linker.define(
                    self._store, *key, wasmtime.Table(self._store, item.type, None)
                )
            else:
                signatures, function = tables.get(item.module, ({}, None))
                if key[1] not in signatures or function is None:
                    raise GuestModuleError(
                        f"Failed to load Wasm module due to a missing import: {'.'.join(key)}",
                        hint="wasmkit inspect FILE lists what a module imports",
                    )
                signature = signatures[key[1]]
                _check_import(".".join(key), item.type, signature)
                imports.define(*key, signature, self._guarded(*key, function(key[1])))

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
        before, self._allowed = self._allowed, _IN_MALLOC
        try:
            return self._exports.call(self._malloc, size)
        except GuestTrapError as error:
            self._malloc_trap = self._malloc_trap or error
            return 0
        finally:
            self._allowed = before

    def _initialise(self) -> None:
        """Run ``_initialize`` and then ``main``, or ``_start``; never both."""
        if "_initialize" in self._exported:
            steps = [("_initialize", ()), ("main", (0, 0))]
            if "main" not in self._exported:
                steps[1] = ("__main_void", ())
        else:
            steps = [("_start", ())]
        self._allowed = _AT_START
        for name, arguments in steps:
            if name not in self._exported:
                continue
            _check_signature(self._exported, name, *_STARTERS[name])
            try:
                self._run(name, *arguments)
            except GuestTrapError as error:
                raise GuestModuleError(str(error).partition("\n")[0]) from error
        self._allowed = None


_STARTERS = {"_initialize": (0, 0), "_start": (0, 0), "main": (2, 1), "__main_void": (0, 1)}


def _abi_version(exported: dict[str, wasmtime.FuncType]) -> str:
    for name in exported:
        version = name.removeprefix("proxy_abi_version_").replace("_", ".")
        if name.startswith("proxy_abi_version_") and version in ABI_VERSIONS:
            return version
    raise GuestModuleError(
        "Missing or unknown Proxy-Wasm ABI version",
        hint="a filter exports a function proxy_abi_version_0_2_1 (or _0_2_0, _0_1_0)",
    )


def _find_malloc(exported: dict[str, wasmtime.FuncType]) -> str:
    for name in ("malloc", "proxy_on_memory_allocate"):
        if name in exported:
            _check_signature(exported, name, 1, 1)
            return name
    raise GuestModuleError("Wasm module is missing malloc function.")


def _types(values: list[wasmtime.ValType]) -> str:
    return " ".join(map(str, values)) or "void"


def _check_signature(
    exported: dict[str, wasmtime.FuncType], name: str, parameters: int, results: int
) -> None:
    kind = exported.get(name)
    if kind is None:
        return
    want = f"{_types([_I32] * parameters)} -> {_types([_I32] * results)}"
    found = f"{_types(kind.params)} -> {_types(kind.results)}"
    if want != found:
        raise GuestModuleError(
            f"Bad function signature for: {name}, want: {want}, but the module exports: {found}"
        )


def _check_import(name: str, kind: object, signature: str) -> None:
    letters = signature.removesuffix("!")
    results = "void" if signature.endswith("!") else "i32"
    host = f"{' '.join(_LETTERS[letter] for letter in letters) or 'void'} -> {results}"
    if not isinstance(kind, wasmtime.FuncType):
        found = "no function"
    else:
        found = f"{_types(kind.params)} -> {_types(kind.results)}"
    if found != host:
        raise GuestModuleError(
            "Failed to load Wasm module due to an import type mismatch:"
            f" {name}, want: {found}, but host exports: {host}"
        )


_LETTERS = {"i": "i32", "I": "i64"}
