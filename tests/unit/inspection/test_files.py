from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from wasmkit.errors import GuestModuleError, InputError
from wasmkit.inspection import files
from wasmkit.inspection.files import read_module_file


@pytest.mark.parametrize(
    ("name", "content", "what", "hint"),
    [
        ("a.wasm", b"", "is empty", "wasmkit build"),
        ("a.py", b"print()", "is source", "wasmkit build"),
        ("a.tgz", b"\x1f\x8b\x08\0", "gzip", "wasmkit pull"),
        ("a.tar", bytes(257) + b"ustar", "tar archive", "wasmkit pull"),
        ("a.wat", b"  (module)", "WebAssembly text", "wasm-tools parse"),
        ("a.wasm", b"\0asm\x02\0\0\0", "unknown version 0x2", ""),
        ("a.wasm", b"<!doctype html>", "HTML", "error page"),
        ("a", b"\x7fELF", "program", "wasmkit build"),
        ("a", b"whatever", "not a WebAssembly module", "wasmkit build"),
    ],
)
def test_what_is_no_module(tmp_path: Path, name: str, content: bytes, what: str, hint: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(GuestModuleError, match=what) as caught:
        read_module_file(file)
    assert hint in caught.value.hint


def test_a_folder_and_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(GuestModuleError, match="is a folder"):
        read_module_file(tmp_path)
    with pytest.raises(InputError, match="absent: not found"):
        read_module_file(tmp_path / "absent")


@pytest.mark.parametrize(
    "content",
    [b"\0asm\x01\0\0\0and more", b"\0asm\x0d\0\x01\0"],
    ids=["module", "component"],
)
def test_a_modules_bytes_are_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = tmp_path / "any.name"
    file.write_bytes(content)
    assert read_module_file(file) == content
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert read_module_file(Path("-")) == content


def test_standard_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(GuestModuleError, match="standard input is empty"):
        read_module_file(Path("-"))


def test_a_file_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MODULE_BYTES", 3 << 20)
    file = tmp_path / "a.wasm"
    with file.open("wb") as stream:
        stream.write(b"\0asm\x01\0\0\0")
        stream.truncate(3 << 20)
    assert len(read_module_file(file)) == 3 << 20
    with file.open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(GuestModuleError, match="more than 3 MiB, which is what Istio"):
        read_module_file(file)
