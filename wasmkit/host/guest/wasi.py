"""WASI preview 1 as Envoy gives it: a log, a clock, random bytes, and refusals.

Error numbers are those of Envoy 1.39 and later. There are no files, no sockets, no arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import LogLevel
from wasmkit.host.protocol import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.calls import Calls
    from wasmkit.host.guest.memory import GuestMemory
    from wasmkit.profiles import Profile

__all__ = ["WasiImports"]

_SUCCESS, _BADF, _FAULT, _INVAL, _NOENT, _NOSYS, _NOTDIR, _NOTSUP = 0, 8, 21, 28, 44, 52, 20, 58

# What does nothing, by the number that it answers.
_ANSWERS = {
    _SUCCESS: "fd_advise fd_close fd_seek sched_yield",
    _BADF: "fd_filestat_get fd_prestat_get",
    _NOENT: "path_open",
    _NOSYS: "fd_fdstat_set_flags fd_pread fd_prestat_dir_name fd_read",
    _NOTDIR: "fd_readdir",
    _NOTSUP: "path_create_directory path_filestat_get path_filestat_set_times path_link"
    " path_readlink path_remove_directory path_rename path_symlink path_unlink_file"
    " sock_accept sock_recv sock_send sock_shutdown",
}
_FIXED = {name: number for number, names in _ANSWERS.items() for name in names.split()}
_STREAMS_ONLY = frozenset(
    {
        *("fd_allocate", "fd_datasync", "fd_fdstat_set_rights", "fd_filestat_set_size"),
        *("fd_filestat_set_times", "fd_sync", "fd_tell"),
    }
)
_STDOUT, _STDERR = 1, 2
_RIGHT_TO_WRITE = 64
_MAX_IO_VECTORS = 1024
_MAX_LINE = 16 << 20


class WasiImports:
    """Methods are named as the imports; ``function`` finds one."""

    def __init__(self, calls: Calls, memory: GuestMemory, profile: Profile) -> None:
        self._calls = calls
        self._memory = memory
        self._profile = profile

    def function(self, name: str) -> Callable[..., int | None]:
        """Return the WASI function of that name; addresses outside of memory give EFAULT."""
        if name in _FIXED:
            answer = _FIXED[name]
            return lambda *_: answer
        if name in _STREAMS_ONLY:
            return lambda fd, *_: _SUCCESS if fd in (_STDOUT, _STDERR) else _BADF
        method: Callable[..., int | None] = getattr(self, name)

        def function(*arguments: int) -> int | None:
            try:
                return method(*arguments)
            except CallError:
                return _FAULT

        return function

    def fd_write(self, fd: int, vectors: int, count: int, written_out: int) -> int:
        """Log what is written: one line for each call, without its last newline."""
        if fd not in (_STDOUT, _STDERR):
            return _BADF
        if count > _MAX_IO_VECTORS:
            return _INVAL
        data = b""
        for vector in range(vectors, vectors + 8 * count, 8):
            address, size = self._memory.read_u32(vector), self._memory.read_u32(vector + 4)
            data += self._memory.read(address, size)
            if len(data) > _MAX_LINE:
                return _INVAL
        if data:
            level = LogLevel.INFO if fd == _STDOUT else LogLevel.ERROR
            self._calls.log(level, data.removesuffix(b"\n"))
        self._memory.write_u32(written_out, len(data))
        return _SUCCESS

    def fd_pwrite(self, fd: int, vectors: int, count: int, offset: int, written_out: int) -> int:
        """``fd_write``: a log has no positions."""
        del offset
        return self.fd_write(fd, vectors, count, written_out)

    def fd_fdstat_get(self, fd: int, out: int) -> int:
        """Describe stdout and stderr as writable and nothing else."""
        if fd not in (_STDOUT, _STDERR):
            return _BADF
        self._memory.write(out, bytes(8) + _RIGHT_TO_WRITE.to_bytes(8, "little") + bytes(8))
        return _SUCCESS

    def fd_renumber(self, source: int, target: int) -> int:
        """Refuse: for stdout and stderr as unsupported, else as no descriptor."""
        streams = (_STDOUT, _STDERR)
        return _NOTSUP if source in streams and target in streams else _BADF

    def args_sizes_get(self, count_out: int, size_out: int) -> int:
        """There are no arguments."""
        self._memory.write_u32(count_out, 0)
        self._memory.write_u32(size_out, 0)
        return _SUCCESS

    def args_get(self, array_out: int, data_out: int) -> int:
        """There are no arguments."""
        del array_out, data_out
        return _SUCCESS

    def _environment(self) -> list[bytes]:
        variables = self._calls.environment.items()
        return [f"{name}={value}".encode() + b"\0" for name, value in variables]

    def environ_sizes_get(self, count_out: int, size_out: int) -> int:
        """Tell how many variables there are and how much room they need."""
        lines = self._environment()
        self._memory.write_u32(count_out, len(lines))
        self._memory.write_u32(size_out, sum(map(len, lines)))
        return _SUCCESS

    def environ_get(self, array_out: int, data_out: int) -> int:
        """Write the variables, NUL-terminated, and where each begins."""
        for line in self._environment():
            self._memory.write_u32(array_out, data_out)
            self._memory.write(data_out, line)
            array_out += 4
            data_out += len(line)
        return _SUCCESS

    def clock_res_get(self, clock: int, out: int) -> int:
        """Claim nanoseconds."""
        if clock > 1:
            return _NOTSUP
        self._memory.write_u64(out, 1)
        return _SUCCESS

    def clock_time_get(self, clock: int, precision: int, out: int) -> int:
        """Tell the wall clock (0) or the monotonic one (1)."""
        del precision
        if clock > 1:
            return _NOTSUP
        calls = self._calls
        now = calls.get_monotonic_time_nanoseconds if clock else calls.get_current_time_nanoseconds
        self._memory.write_u64(out, now())
        return _SUCCESS

    def random_get(self, out: int, size: int) -> int:
        """Write random bytes, as many as a host gives at once."""
        if size > self._profile.limits.random_bytes:
            return _INVAL
        self._memory.write(out, self._calls.get_random(size))
        return _SUCCESS

    def poll_oneoff(self, subscriptions: int, out: int, count: int, events_out: int) -> int:
        """Say at once that nothing has happened: Envoy never lets a guest sleep."""
        del subscriptions, out, count
        if not self._profile.poll_answers:
            return _NOSYS
        self._memory.write_u32(events_out, 0)
        return _SUCCESS

    def proc_exit(self, code: int) -> None:
        """Return: Envoy logs the exit and lets the guest go on."""
