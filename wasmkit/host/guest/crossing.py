"""Calls between Python and Wasm through the part of wasmtime's C API that passes raw integers.

wasmtime-py's own ``Linker.define_func`` and ``Func.__call__`` convert every value through objects
and cost about 25 µs a crossing; this costs about 1 µs, and a filter makes dozens per request.
This is the only file that knows wasmtime-py's inner parts (the dependency is pinned below the
next major version). The C declarations are in ``wasmtime/func.h`` and ``wasmtime/linker.h``:
arguments and results share one array of 16-byte cells, each holding its integer at its start.
"""

from __future__ import annotations

import ctypes
import struct
from typing import TYPE_CHECKING, Any

import wasmtime
from wasmtime import _ffi

from wasmkit.host.protocol import GuestTrapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.abi.signature import HostFunction

__all__ = ["Exports", "Imports", "describe"]

_CELLS = {"i32": "I12x", "i64": "Q8x"}
_VALUE_TYPES = {"i32": wasmtime.ValType.i32, "i64": wasmtime.ValType.i64}

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
)


def _prototype(name: str, result: Any, *parameters: Any) -> Any:
    """Return a C function with declarations of its own: pointers as plain integers are faster."""
    function = _ffi.dll[name]
    function.restype = result
    function.argtypes = parameters
    return function


_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_size_t
_define = _prototype(
    "wasmtime_linker_define_func_unchecked",
    *(_POINTER, _POINTER, ctypes.c_char_p, _SIZE, ctypes.c_char_p, _SIZE),
    *(_POINTER, _Callback, _POINTER, _POINTER),
)
_call = _prototype(
    "wasmtime_func_call_unchecked", _POINTER, _POINTER, _POINTER, _POINTER, _SIZE, _POINTER
)
_new_trap = _prototype("wasmtime_trap_new", _POINTER, ctypes.c_char_p, _SIZE)
_set_deadline = _prototype("wasmtime_context_set_epoch_deadline", None, _POINTER, ctypes.c_uint64)
_memory_data = _prototype("wasmtime_memory_data", _POINTER, _POINTER, _POINTER)
_memory_size = _prototype("wasmtime_memory_data_size", _SIZE, _POINTER, _POINTER)


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


class Imports:
    """Defines host functions in a linker; must live as long as the instance."""

    def __init__(self, linker: wasmtime.Linker) -> None:
        self.linker = linker
        self.pending: BaseException | None = None
        """What a host function raised; the crossing back into Python raises it again."""
        self._keep: list[object] = []

    def define(
        self, module: str, name: str, row: HostFunction, function: Callable[..., int | None]
    ) -> None:
        """Define ``module.name`` with the signature of a row."""
        parameters, results = row.parameter_types, row.result_types
        kind = wasmtime.FuncType(*([_VALUE_TYPES[t]() for t in ts] for ts in (parameters, results)))
        callback = _Callback(self._wrap(function, parameters, bool(results)))
        self._keep.append(callback)
        raw_module, raw_name = module.encode(), name.encode()
        error = _define(
            *(_address(self.linker.ptr()), raw_module, len(raw_module), raw_name, len(raw_name)),
            *(_address(kind.ptr()), callback, None, None),
        )
        if error:
            raise _error(error)

    def _wrap(
        self, function: Callable[..., int | None], parameters: list[str], has_result: bool
    ) -> Callable[..., int]:
        cells = struct.Struct("<" + "".join(_CELLS[kind] for kind in parameters))
        size, unpack = cells.size, cells.unpack
        string_at, cell_at = ctypes.string_at, ctypes.c_uint32.from_address

        def callback(_data: int, _caller: int, values: int, _count: int) -> int:
            try:
                result = function(*unpack(string_at(values, size)))
                if has_result:
                    cell_at(values).value = result or 0
            except BaseException as error:  # noqa: BLE001  # no exception may cross C frames
                self.pending = self.pending or error
                return int(_new_trap(b"host", 4))
            return 0

        return callback


class Exports:
    """An instance's functions and memory at the level of integers and bytes.

    Made before the instance, which ``attach`` brings: host functions need it to be there.
    """

    def __init__(self, store: wasmtime.Store, imports: Imports) -> None:
        self._store = store
        self._imports = imports
        self._context = _address(store._context())  # noqa: SLF001  # see the module's docstring
        self._trap = ctypes.c_void_p()
        self._functions: dict[str, Callable[..., int]] = {}
        self._memory: wasmtime.Memory | None = None
        self._memory_address = 0

    def attach(self, instance: wasmtime.Instance) -> None:
        """Take an instance's functions, and its first memory unless one is in use already."""
        for name, item in instance.exports(self._store).items():
            if isinstance(item, wasmtime.Func):
                self._functions[name] = self._bind(name, item)
            elif isinstance(item, wasmtime.Memory) and self._memory is None:
                self.use_memory(item)

    def use_memory(self, memory: wasmtime.Memory) -> None:
        """Read and write this memory."""
        self._memory = memory
        self._memory_address = ctypes.addressof(memory._memory)  # noqa: SLF001  # see above

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def set_deadline(self, ticks: int) -> None:
        """Trap the code that still runs when the engine's epoch has advanced by ``ticks``."""
        _set_deadline(self._context, ticks)

    def call(self, name: str, *arguments: int) -> int:
        """Call an exported function of i32 parameters; the result is unsigned, 0 if it has none.

        Raises ``GuestTrapError``, or what a host function raised.
        """
        return self._functions[name](*arguments)

    def _bind(self, name: str, function: wasmtime.Func) -> Callable[..., int]:
        raw = ctypes.addressof(function._func)  # noqa: SLF001  # see the module's docstring
        kind = function.type(self._store)
        count = len(kind.params)
        width = max(count, len(kind.results), 1)
        cells = ctypes.create_string_buffer(16 * width)
        address = ctypes.addressof(cells)
        pack = struct.Struct("<" + "I12x" * count).pack_into
        result = struct.Struct("<I").unpack_from
        context, trap = self._context, self._trap
        trap_address = ctypes.addressof(trap)
        has_result = bool(kind.results)

        def call(*arguments: int) -> int:
            pack(cells, 0, *arguments)
            error = _call(context, raw, address, width, trap_address)
            if error or trap.value:
                self._fail(name, error or 0)
            return result(cells)[0] if has_result else 0

        call.__dict__["function"] = function  # keeps the memory behind ``raw``
        return call

    def _fail(self, name: str, error: int) -> None:
        trap, self._trap.value = self._trap.value, None
        # Taken in any case: dropping the objects frees what C handed over.
        failure = _trap(trap) if trap else _error(error)
        pending, self._imports.pending = self._imports.pending, None
        if isinstance(pending, GuestTrapError):
            raise GuestTrapError(f"{name} failed: {pending}") from None
        if pending is not None:
            raise pending
        raise GuestTrapError(f"{name} failed: {describe(failure)}")

    @property
    def memory_size(self) -> int:
        """The memory's present size in bytes; 0 if the module has none."""
        if self._memory is None:
            return 0
        size: int = _memory_size(self._context, self._memory_address)
        return size

    def read(self, address: int, size: int) -> bytes | None:
        """Return a copy of the memory there, None if it is not all inside."""
        if address + size > self.memory_size:
            return None
        if not size:
            return b""
        base: int = _memory_data(self._context, self._memory_address)
        return ctypes.string_at(base + address, size)

    def write(self, *pieces: tuple[int, bytes]) -> bool:
        """Copy data to each address; False, with nothing of that piece written, past the end."""
        size = self.memory_size
        base: int = _memory_data(self._context, self._memory_address) if size else 0
        for address, data in pieces:
            if address + len(data) > size:
                return False
            ctypes.memmove(base + address, data, len(data))
        return True


def _error(address: int) -> wasmtime.WasmtimeError:
    pointer = ctypes.cast(address, ctypes.POINTER(_ffi.wasmtime_error_t))
    return wasmtime.WasmtimeError._from_ptr(pointer)  # noqa: SLF001  # see the module's docstring


def _trap(address: int) -> wasmtime.Trap:
    pointer = ctypes.cast(address, ctypes.POINTER(_ffi.wasm_trap_t))
    return wasmtime.Trap._from_ptr(pointer)  # noqa: SLF001  # see the module's docstring


_Code = wasmtime.TrapCode
_REASONS = {
    _Code.STACK_OVERFLOW: "RangeError: Maximum call stack size exceeded",
    _Code.MEMORY_OUT_OF_BOUNDS: "RuntimeError: memory access out of bounds",
    _Code.HEAP_MISALIGNED: "RuntimeError: operation does not support unaligned accesses",
    _Code.TABLE_OUT_OF_BOUNDS: "RuntimeError: table index is out of bounds",
    _Code.INDIRECT_CALL_TO_NULL: "RuntimeError: null function or function signature mismatch",
    _Code.BAD_SIGNATURE: "RuntimeError: null function or function signature mismatch",
    _Code.INTEGER_OVERFLOW: "RuntimeError: divide result unrepresentable",
    _Code.INTEGER_DIVISION_BY_ZERO: "RuntimeError: divide by zero",
    _Code.BAD_CONVERSION_TO_INTEGER: "RuntimeError: float unrepresentable in integer range",
    _Code.UNREACHABLE: "RuntimeError: unreachable",
    _Code.INTERRUPT: "it ran longer than a callback may",
}
"""V8's words for wasmtime's reasons, so that the same trap reads the same from every engine."""

_MAX_FRAMES = 20


def describe(failure: wasmtime.Trap | wasmtime.WasmtimeError) -> str:
    """Return a failure as Envoy logs one: V8's words, then the innermost frames."""
    if not isinstance(failure, wasmtime.Trap):
        return str(failure).strip().rpartition("\n")[2].strip()
    try:
        code = failure.trap_code
    except ValueError:  # a code newer than wasmtime-py's list
        code = None
    reason = _REASONS.get(code) if code is not None else None
    if reason is None:
        text = failure.message.strip().rpartition("\n")[2].strip()
        reason = f"RuntimeError: {text}"
    uncaught = "" if code is _Code.INTERRUPT else "Uncaught "
    frames = failure.frames[:_MAX_FRAMES]
    lines = [
        f"{number:3}:  0x{frame.module_offset:x} - {_function_name(frame)}"
        for number, frame in enumerate(frames)
    ]
    if lines:
        lines.insert(0, "Proxy-Wasm plugin in-VM backtrace:")
    return "\n".join([uncaught + reason, *lines])


def _function_name(frame: wasmtime.Frame) -> str:
    return frame.func_name or f"unknown(function index:{frame.func_index})"
