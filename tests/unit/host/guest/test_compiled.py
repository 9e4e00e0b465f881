"""Machine code is kept where only this user can have put it, and data is not part of it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest
import wasmtime

from wasmkit.errors import GuestModuleError
from wasmkit.host.guest import compiled
from wasmkit.host.guest.compiled import compile_module
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig

if TYPE_CHECKING:
    from pathlib import Path

# Large enough to be worth a file.
PADDING = f'(@custom "name" (before code) "{"x" * 70_000}")'


def text(data: str, *, padding: str = PADDING, code: str = "") -> bytes:
    return bytes(
        wasmtime.wat2wasm(
            f"""(module {padding}
              (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "malloc") (param i32) (result i32) (i32.const 1024))
              (func (export "proxy_on_configure") (param i32 i32) (result i32)
                {code}
                (drop (call $log (i32.const 2) (i32.const 8) (i32.const 3))) (i32.const 1))
              {data})"""
        )
    )


def said(module: bytes) -> bytes:
    with Vm(VmConfig(), partial(WasmGuest, module), World()) as vm:
        Plugin(vm, PluginConfig()).start()
        return vm.last_line


def forget() -> None:
    compiled._in_memory.clear()
    compiled._compile_module.cache_clear()


@pytest.fixture(autouse=True)
def _no_cache_yet(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    forget()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.cwasm")) if folder.exists() else []


def test_modules_that_differ_in_their_data_share_machine_code(tmp_path: Path) -> None:
    one = compile_module(text('(data (i32.const 8) "one")'), folder=tmp_path / "c")
    two = compile_module(text('(data (i32.const 8) "two")'), folder=tmp_path / "c")
    assert one.module is two.module
    assert len(files(tmp_path / "c")) == 1
    assert (one.segments, two.segments) == (((8, b"one"),), ((8, b"two"),))


@pytest.mark.parametrize("word", ["one", "two"])
def test_data_reaches_memory(word: str) -> None:
    assert said(text(f'(data (i32.const 8) "{word}")')) == word.encode()


def test_later_segments_overwrite_earlier_ones() -> None:
    data = '(data (i32.const 8) "one") (data (i32.const 9) "XX")'
    assert said(text(data)) == b"oXX"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(
            '(data $p "two")',
            "(memory.init $p (i32.const 8) (i32.const 0) (i32.const 3))",
            id="passive data",
        ),
        pytest.param(
            '(data $p (i32.const 8) "two")', "(data.drop $p)", id="instructions name segments"
        ),
        pytest.param(
            '(global $g i32 (i32.const 8)) (data (global.get $g) "two")',
            "",
            id="an address that is not a constant",
        ),
        pytest.param('(func $s) (start $s) (data (i32.const 8) "two")', "", id="a start function"),
    ],
)
def test_data_that_the_code_could_miss_stays_in_the_module(data: str, code: str) -> None:
    module = text(data, code=code)
    assert compile_module(module).segments == ()
    assert said(module) == b"two"


def test_machine_code_is_found_again(tmp_path: Path) -> None:
    module = text("")
    compile_module(module, folder=tmp_path)
    (file,) = files(tmp_path)
    written = file.stat().st_ino
    forget()
    compile_module(module, folder=tmp_path)
    assert file.stat().st_ino == written
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_the_folder_is_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    compile_module(text(""), folder=folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert files(folder)[0].stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_write_into_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    compile_module(text(""), folder=tmp_path)
    assert files(tmp_path) == []


def test_a_link_in_place_of_the_folder_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    compile_module(text(""), folder=tmp_path / "link")
    assert files(tmp_path / "real") == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.write_bytes(b"garbage"), id="garbage"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
        pytest.param(lambda file: file.chmod(0o666), id="others may write it"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_made_anew(tmp_path: Path, spoil: object) -> None:
    module = text("")
    compile_module(module, folder=tmp_path)
    (file,) = files(tmp_path)
    good = file.read_bytes()
    assert callable(spoil)
    spoil(file)
    forget()
    compile_module(module, folder=tmp_path)
    assert file.read_bytes() == good
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_unwritable_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    found = compile_module(text(""), folder=tmp_path / "file" / "below")
    assert [item.name for item in found.module.exports]


def test_small_modules_are_not_kept(tmp_path: Path) -> None:
    compile_module(text("", padding=""), folder=tmp_path)
    assert files(tmp_path) == []


def test_old_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_MAX_CACHED_FILES", 2)
    for number in range(3):
        compile_module(text("", code="(nop)" * number), folder=tmp_path)
        for file in files(tmp_path):
            os.utime(file, (number, file.stat().st_mtime - 10))
    assert len(files(tmp_path)) == 2


def test_what_is_no_valid_code_is_refused() -> None:
    module = bytearray(text("", padding=""))
    at = module.rindex(b"\x10\x00")  # call 0
    module[at + 1] = 0x7F
    with pytest.raises(GuestModuleError, match="Failed to load Wasm bytecode: "):
        compile_module(bytes(module))
