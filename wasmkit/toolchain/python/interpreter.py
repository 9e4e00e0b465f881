"""CPython in an interpreter image, run in wasmtime while an image is made or a filter is built.

The image's imports are a host's; here a host without network, files and real time answers, so
that what is frozen into a snapshot depends on the sources alone: the clock stands still at
1980-01-01 (but moves on a little with each look, so that no loop waits for ever), and "random"
numbers are a hash of their count. The SDK draws real ones when a VM starts.
"""

from __future__ import annotations

import hashlib
import struct
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import wasmtime

from wasmkit.errors import BuildError
from wasmkit.host.guest.compiled import CompiledModule, engine
from wasmkit.toolchain.python.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Interpreter"]

_EPOCH = 315_532_800 * 10**9
"""1980-01-01T00:00:00Z in nanoseconds: the earliest time that zip files can hold."""

_TICK = 1000
_UNIMPLEMENTED = 12
_NO_DEADLINE = 1 << 17
"""Ticks of the epoch, which stands still during a build: it ends when the author's imports do, or
on Ctrl-C, when this many ticks are made at once. Other VMs in this process would take two hours.
"""


class Interpreter:
    """One instance of an image.

    ``answer`` is called with each request that Python code in the image sends through
    ``_proxy_wasm.exchange`` and returns the answer; what it raises ends the run and is raised
    again from ``run``. ``slot`` is exchange's place in the table. ``output`` collects what the
    code inside prints or logs.
    """

    def __init__(
        self,
        compiled: CompiledModule,
        slot: int,
        answer: Callable[[bytes], bytes],
    ) -> None:
        self.store = wasmtime.Store(engine())
        self.store.set_epoch_deadline(_NO_DEADLINE)
        self.output: list[str] = []
        self._answer = answer
        self._failure: BaseException | None = None
        self._clock = _EPOCH
        self._random = 0
        linker = wasmtime.Linker(engine())
        for item in compiled.module.imports:
            assert isinstance(item.type, wasmtime.FuncType)
            linker.define_func(
                item.module, item.name or "", item.type, self._host_function(item.name or "")
            )
        self.instance = linker.instantiate(self.store, compiled.module)
        exports = self.instance.exports(self.store)
        memory = exports["memory"]
        table = exports["__indirect_function_table"]
        assert isinstance(memory, wasmtime.Memory)
        assert isinstance(table, wasmtime.Table)
        self.memory = memory
        for address, data in compiled.segments:
            memory.write(self.store, bytes(data), address)
        i32 = wasmtime.ValType.i32()
        table.set(
            self.store,
            slot,
            wasmtime.Func(
                self.store, wasmtime.FuncType([i32, i32], [i32]), self._host_function("exchange")
            ),
        )

    # -- calls into the image -------------------------------------------------------------------

    def call(self, name: str, *arguments: int) -> int:
        """Call an exported function of CPython or libc."""
        function = self.instance.exports(self.store)[name]
        assert isinstance(function, wasmtime.Func)
        result = function(self.store, *arguments)
        return (result & 0xFFFF_FFFF) if isinstance(result, int) else 0

    def run(self, source: str) -> None:
        """Execute Python source in ``__main__``.

        Raises ``BuildError`` with the output if an exception leaves it or the guest traps, and
        whatever the answering function raised.
        """
        address = self.allocate(source.encode() + b"\0")
        try:
            failed = self._call_until_interrupted("PyRun_SimpleStringFlags", address, 0)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            if self._failure is not None:
                raise self._failure from None
            raise BuildError(
                f"the interpreter stopped while it ran the build: {_first_line(error)}",
                detail="".join(self.output),
            ) from error
        if self._failure is not None:
            raise self._failure
        if failed:
            raise BuildError(
                "the build's own code failed in the image", detail="".join(self.output)
            )
        self.call("free", address)

    def _call_until_interrupted(self, name: str, *arguments: int) -> int:
        """Call in another thread: the one that runs Wasm does not notice Ctrl-C."""
        with ThreadPoolExecutor(1) as executor:
            future = executor.submit(self.call, name, *arguments)
            try:
                return future.result()
            except KeyboardInterrupt:
                # Whatever else this process runs in Wasm reaches its deadline too: it ends anyway.
                while not future.done():
                    engine().increment_epoch()
                raise

    # -- memory ---------------------------------------------------------------------------------

    def allocate(self, data: bytes) -> int:
        """Copy data into the image's heap and return its address."""
        address = self.call("malloc", len(data))
        self.memory.write(self.store, data, address)
        return address

    def clear_free_memory(self) -> None:
        """Overwrite what the image's allocators have free, so that a snapshot can leave it out.

        Freed blocks keep their old bytes. With a memory that cannot grow, the allocators are
        asked for all they have, in ever smaller blocks; each block is zeroed, then all are freed.
        """
        self.store.set_limits(memory_size=self.memory.data_len(self.store))
        for allocate, free, sizes in (
            ("PyObject_Malloc", "PyObject_Free", range(512, 0, -16)),
            ("malloc", "free", [1 << power for power in range(20, 4, -1)]),
        ):
            taken = []
            for size in sizes:
                while address := self.call(allocate, size):
                    self.memory.write(self.store, bytes(size), address)
                    taken.append(address)
            for address in taken:
                self.call(free, address)

    def word(self, address: int) -> int:
        """Read an unsigned 32-bit integer."""
        (value,) = struct.unpack("<I", self.memory.read(self.store, address, address + 4))
        assert isinstance(value, int)
        return value

    def write_word(self, address: int, value: int) -> None:
        """Write an unsigned 32-bit integer."""
        self.memory.write(self.store, struct.pack("<I", value), address)

    @property
    def stack_pointer(self) -> int:
        """The linear stack's pointer."""
        item = self.instance.exports(self.store)["__stack_pointer"]
        assert isinstance(item, wasmtime.Global)
        value = item.value(self.store)
        assert isinstance(value, int)
        return value

    def snapshot(self, values: Mapping[str, int]) -> Snapshot:
        """Return the state as it is now; ``values`` are those of globals by export name."""
        return Snapshot(bytes(self.memory.read(self.store)), values)

    # -- the host -------------------------------------------------------------------------------

    def _exchange(self, _self: int, argument: int) -> int:
        if self._failure is None:
            try:
                size = self.call("PyBytes_Size", argument)
                start = self.call("PyBytes_AsString", argument)
                request = bytes(self.memory.read(self.store, start, start + size))
                reply = self._answer(request)
            except BaseException as error:  # noqa: BLE001  # raised again by run()
                self._failure = error
                reply = b""
        else:
            reply = b""
        address = self.allocate(reply or b"\0")
        result = self.call("PyBytes_FromStringAndSize", address, len(reply))
        self.call("free", address)
        return result

    def _host_function(self, name: str) -> Callable[..., int]:
        known: dict[str, Callable[..., int]] = {
            "clock_time_get": Interpreter._clock_time_get,
            "random_get": Interpreter._random_get,
            "fd_write": Interpreter._fd_write,
            "proxy_log": Interpreter._proxy_log,
            "environ_sizes_get": Interpreter._environ_sizes_get,
            "environ_get": lambda *_: 0,
            "exchange": Interpreter._exchange,
        }
        if name not in known:
            return lambda *_: _UNIMPLEMENTED
        # wasmtime-py keeps a host function until its store is gone, and this object holds the
        # store: by a reference to this object every instance would stay for ever.
        return partial(known[name], weakref.proxy(self))

    def _clock_time_get(self, _clock: int, _precision: int, out: int) -> int:
        self._clock += _TICK
        self.memory.write(self.store, struct.pack("<Q", self._clock), out)
        return 0

    def _random_get(self, out: int, size: int) -> int:
        data = b""
        while len(data) < size:
            self._random += 1
            data += hashlib.sha256(self._random.to_bytes(8, "little")).digest()
        self.memory.write(self.store, data[:size], out & 0xFFFF_FFFF)
        return 0

    def _fd_write(self, _descriptor: int, vectors: int, count: int, out: int) -> int:
        written = 0
        for number in range(count):
            start = self.word(vectors + 8 * number)
            size = self.word(vectors + 8 * number + 4)
            self.output.append(
                bytes(self.memory.read(self.store, start, start + size)).decode(errors="replace")
            )
            written += size
        self.write_word(out, written)
        return 0

    def _proxy_log(self, _level: int, start: int, size: int) -> int:
        message = bytes(self.memory.read(self.store, start, start + size))
        self.output.append(message.decode(errors="replace") + "\n")
        return 0

    def _environ_sizes_get(self, count: int, size: int) -> int:
        self.write_word(count, 0)
        self.write_word(size, 0)
        return 0


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
