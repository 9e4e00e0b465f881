"""WASI as Envoy gives it; error numbers are those of ``wasi_snapshot_preview1`` (witx, errno)."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from function_guest import FunctionGuest
from guest_memory import PAGE, OnePage
from wasmkit.abi.constants import LogLevel
from wasmkit.host.guest.wasi import WasiImports
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import VmConfig
from wasmkit.profiles import envoy_profile, newest_envoy

if TYPE_CHECKING:
    from wasmkit.profiles import Profile

SUCCESS, BADF, FAULT, INVAL, NOENT, NOSYS, NOTSUP = 0, 8, 21, 28, 44, 52, 58
STDIN, STDOUT, STDERR = 0, 1, 2


class Wasi:
    """The functions on a memory and a VM of their own."""

    def __init__(self, profile: Profile | None = None, **environment: str) -> None:
        self.page = OnePage()
        self.logs: list[tuple[LogLevel, bytes]] = []
        self.world = World(now=1_700_000_000_000_000_123, seed=7)
        config = VmConfig(environment=environment)
        vm = Vm(config, FunctionGuest, self.world, log=lambda *line: self.logs.append(line))
        assert isinstance(vm.guest, FunctionGuest)
        calls = vm.guest.calls
        self._imports = WasiImports(calls, self.page.memory, profile or newest_envoy())

    def __call__(self, name: str, *arguments: int) -> int | None:
        return self._imports.function(name)(*arguments)

    def vectors(self, *pieces: bytes, at: int = 64) -> int:
        """Put pieces into memory, and their list; return where the list is."""
        where = 1024
        for number, piece in enumerate(pieces):
            self.page.memory.write(where, piece)
            self.page.memory.write(at + 8 * number, struct.pack("<II", where, len(piece)))
            where += len(piece)
        return at

    def u32(self, address: int) -> int:
        return int.from_bytes(self.page.at(address, address + 4), "little")

    def u64(self, address: int) -> int:
        return int.from_bytes(self.page.at(address, address + 8), "little")


@pytest.fixture
def wasi() -> Wasi:
    return Wasi()


@pytest.mark.parametrize(
    ("fd", "level"), [(STDOUT, LogLevel.INFO), (STDERR, LogLevel.ERROR)], ids=["out", "err"]
)
@pytest.mark.parametrize(
    ("pieces", "line"),
    [
        ([b"hello\n"], b"hello"),
        ([b"two ", b"", b"pieces"], b"two pieces"),
        ([b"one\n\n"], b"one\n"),
        ([b"\xff\0"], b"\xff\0"),
    ],
    ids=["newline", "pieces", "one-newline", "bytes"],
)
def test_output_is_a_line_of_the_log(
    wasi: Wasi, fd: int, level: LogLevel, pieces: list[bytes], line: bytes
) -> None:
    assert wasi("fd_write", fd, wasi.vectors(*pieces), len(pieces), 16) == SUCCESS
    assert wasi.logs == [(level, line)]
    assert wasi.u32(16) == sum(map(len, pieces))


def test_a_position_is_not_looked_at(wasi: Wasi) -> None:
    assert wasi("fd_pwrite", STDOUT, wasi.vectors(b"x"), 1, 1 << 40, 16) == SUCCESS
    assert wasi.logs == [(LogLevel.INFO, b"x")]


def test_nothing_written_is_no_line(wasi: Wasi) -> None:
    assert wasi("fd_write", STDOUT, wasi.vectors(b""), 1, 16) == SUCCESS
    assert wasi("fd_write", STDOUT, 0, 0, 16) == SUCCESS
    assert (wasi.logs, wasi.u32(16)) == ([], 0)


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ((STDIN, 64, 1, 16), BADF),
        ((3, 64, 1, 16), BADF),
        ((STDOUT, 64, 1025, 16), INVAL),
        ((STDOUT, PAGE - 4, 1, 16), FAULT),
        ((STDOUT, 64, 1, PAGE - 2), FAULT),
    ],
    ids=["stdin", "another", "too-many", "outside", "result-outside"],
)
def test_what_cannot_be_written(wasi: Wasi, arguments: tuple[int, ...], number: int) -> None:
    wasi.vectors(b"x")
    assert wasi("fd_write", *arguments) == number


def test_a_piece_outside_of_memory(wasi: Wasi) -> None:
    wasi.page.memory.write(64, struct.pack("<II", PAGE - 1, 2))
    assert wasi("fd_write", STDOUT, 64, 1, 16) == FAULT
    assert wasi.logs == []


def test_too_much_at_once(wasi: Wasi) -> None:
    # Each of 300 pieces is the whole memory: more than 16 MiB.
    for number in range(300):
        wasi.page.memory.write(64 + 8 * number, struct.pack("<II", 0, PAGE))
    assert wasi("fd_write", STDOUT, 64, 300, 16) == INVAL
    assert wasi.logs == []


def test_the_streams_can_be_written_and_nothing_else(wasi: Wasi) -> None:
    wasi.page.memory.write(16, b"\xee" * 24)
    assert wasi("fd_fdstat_get", STDOUT, 16) == SUCCESS
    kind, flags, rights, inheriting = struct.unpack("<BxH4xQQ", wasi.page.at(16, 40))
    assert (kind, flags, inheriting) == (0, 0, 0)
    assert rights == 1 << 6  # witx: the rights' bit of fd_write
    assert wasi("fd_fdstat_get", STDIN, 16) == BADF
    assert wasi("fd_fdstat_get", STDOUT, PAGE - 8) == FAULT


@pytest.mark.parametrize(
    ("name", "arguments", "number"),
    [
        ("fd_close", (1,), SUCCESS),
        ("fd_seek", (1, 0, 0, 0), SUCCESS),
        ("sched_yield", (), SUCCESS),
        ("fd_prestat_get", (3, 0), BADF),
        ("fd_prestat_dir_name", (3, 0, 0), NOSYS),
        ("fd_read", (0, 0, 0, 0), NOSYS),
        ("path_open", (0,) * 9, NOENT),
        ("path_unlink_file", (0, 0, 0), NOTSUP),
        ("sock_send", (0,) * 5, NOTSUP),
        ("fd_sync", (STDOUT,), SUCCESS),
        ("fd_sync", (STDIN,), BADF),
        ("fd_tell", (STDERR, 0), SUCCESS),
        ("fd_tell", (7, 0), BADF),
        ("fd_renumber", (STDOUT, STDERR), NOTSUP),
        ("fd_renumber", (STDOUT, 5), BADF),
        ("args_get", (0, 0), SUCCESS),
        ("proc_exit", (3,), None),
    ],
)
def test_files_sockets_and_arguments(
    wasi: Wasi, name: str, arguments: tuple[int, ...], number: int | None
) -> None:
    assert wasi(name, *arguments) == number
    assert wasi.logs == []


def test_there_are_no_arguments(wasi: Wasi) -> None:
    wasi.page.memory.write(16, b"\xee" * 8)
    assert wasi("args_sizes_get", 16, 20) == SUCCESS
    assert wasi.page.at(16, 24) == bytes(8)


def test_the_environment() -> None:
    wasi = Wasi(A="1", LANG="dé=ü")
    assert wasi("environ_sizes_get", 16, 20) == SUCCESS
    data = "A=1\0LANG=dé=ü\0".encode()
    assert (wasi.u32(16), wasi.u32(20)) == (2, len(data))
    assert wasi("environ_get", 32, 100) == SUCCESS
    assert wasi.page.at(100, 100 + len(data)) == data
    assert (wasi.u32(32), wasi.u32(36)) == (100, 104)
    assert wasi("environ_get", PAGE, 100) == FAULT


def test_an_empty_environment(wasi: Wasi) -> None:
    assert wasi("environ_sizes_get", 16, 20) == SUCCESS
    assert (wasi.u32(16), wasi.u32(20)) == (0, 0)
    assert wasi("environ_get", PAGE, PAGE) == SUCCESS


def test_clocks_are_the_worlds(wasi: Wasi) -> None:
    assert wasi("clock_time_get", 0, 0, 16) == SUCCESS
    assert wasi.u64(16) == 1_700_000_000_000_000_123
    assert wasi("clock_time_get", 1, 0, 24) == SUCCESS
    before = wasi.u64(24)
    wasi.world.advance(5_000)
    wasi("clock_time_get", 1, 0, 24)
    assert wasi.u64(24) == before + 5_000
    assert wasi("clock_res_get", 1, 32) == SUCCESS
    assert wasi.u64(32) == 1


@pytest.mark.parametrize("clock", [2, 3, 0xFFFF_FFFF])
def test_other_clocks(wasi: Wasi, clock: int) -> None:
    assert wasi("clock_time_get", clock, 0, 16) == NOTSUP
    assert wasi("clock_res_get", clock, 16) == NOTSUP


def test_random_bytes_have_a_limit(wasi: Wasi) -> None:
    assert wasi("random_get", 0, 64) == SUCCESS
    first = wasi.page.at(0, 64)
    assert first != bytes(64)
    assert wasi("random_get", 0, 64) == SUCCESS
    assert wasi.page.at(0, 64) != first
    assert wasi.page.at(64, 128) == bytes(64)
    most = newest_envoy().limits.random_bytes
    assert wasi("random_get", 0, most) == SUCCESS
    assert wasi("random_get", 0, most + 1) == INVAL
    assert wasi("random_get", PAGE - 1, 2) == FAULT


def test_polling_says_at_once_that_nothing_happened(wasi: Wasi) -> None:
    wasi.page.memory.write(16, b"\xee" * 4)
    assert wasi("poll_oneoff", 0, 0, 1, 16) == SUCCESS
    assert wasi.u32(16) == 0


def test_a_host_may_refuse_to_poll() -> None:
    wasi = Wasi(replace(newest_envoy(), poll_answers=False))
    assert wasi("poll_oneoff", 0, 0, 1, 16) == NOSYS


@pytest.mark.parametrize("release", ["1.36", "1.40"])
def test_every_function_of_a_host_is_there(release: str) -> None:
    profile = envoy_profile(release)
    wasi = Wasi(profile)
    for name in profile.wasi:
        assert callable(wasi._imports.function(name))
