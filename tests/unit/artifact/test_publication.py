from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import wasmtime

from wasmkit.artifact.annotations import annotations_of
from wasmkit.artifact.publication import publication_of_file, publication_of_project
from wasmkit.errors import GuestModuleError, InputError
from wasmkit.project import FilterFacts, load_project

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.project import Project


def write(folder: Path, body: str) -> Path:
    file = folder / "x.wasm"
    file.write_bytes(wasmtime.wat2wasm(f"(module {body})"))
    return file


ABI = (
    '(func (export "proxy_abi_version_0_2_1")) (memory (export "memory") 1)'
    '(func (export "malloc") (param i32) (result i32) (i32.const 0))'
)


def test_a_file_shows_its_abi_and_capabilities(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))'
        '(import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))' + ABI,
    )
    published = publication_of_file(file, name="x", version="1.0.0")
    annotations = annotations_of(published.document)
    assert annotations["dev.wasmkit.abi"] == "0.2.1"
    assert annotations["dev.wasmkit.capabilities"] == "fd_write,proxy_log"
    assert published.document.filter == FilterFacts(name="x", version="1.0.0")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "unknown Proxy-Wasm ABI version"),
        ('(func (export "proxy_abi_version_0_3_0"))', "unknown Proxy-Wasm ABI version"),
        ('(global (export "proxy_abi_version_0_2_1") i32 (i32.const 0))', "ABI version"),
        ('(import "wasi:cli/stdin@0.2.0" "get" (func))' + ABI, "missing import"),
        ('(import "env" "proxy_teleport" (func))' + ABI, "missing import"),
        ('(import "env" "proxy_log" (func))' + ABI, "import type mismatch"),
    ],
)
def test_what_no_envoy_loads_is_not_published(tmp_path: Path, body: str, why: str) -> None:
    with pytest.raises(GuestModuleError, match=why):
        publication_of_file(write(tmp_path, body), name="x", version="1.0.0")


SINCE_1_39 = '(import "wasi_snapshot_preview1" "fd_tell" (func (param i32 i32) (result i32)))' + ABI


def project(root: Path, lowest_envoy: str) -> Project:
    (root / "README.md").write_text("# x\n")
    (root / "wasmkit.toml").write_text(
        f'[filter]\nname = "x"\nversion = "1.0.0"\nentry = "a:B"\nlowest_envoy = "{lowest_envoy}"\n'
    )
    return load_project(root)


@pytest.mark.parametrize("lowest", ["1.39", "1.40", "1.41"])
def test_a_project_goes_with_what_it_claims(tmp_path: Path, lowest: str) -> None:
    module = write(tmp_path, SINCE_1_39).read_bytes()
    published = publication_of_project(project(tmp_path, lowest), module)
    assert published.document.filter.lowest_envoy == lowest
    assert (published.readme, published.schema) == (b"# x\n", None)


@pytest.mark.parametrize("lowest", ["1.36", "1.38"])
def test_what_a_claimed_envoy_refuses_is_not_published(tmp_path: Path, lowest: str) -> None:
    module = write(tmp_path, SINCE_1_39).read_bytes()
    with pytest.raises(GuestModuleError, match=rf"x: Envoy {lowest}.* refuses it"):
        publication_of_project(project(tmp_path, lowest), module)


def test_a_bare_file_claims_nothing(tmp_path: Path) -> None:
    publication_of_file(write(tmp_path, SINCE_1_39), name="x", version="1.0.0")


@pytest.mark.parametrize("content", [b"", b"\0asm", b"#!/bin/sh\n", b"\0asm\x0d\0\1\0"])
def test_what_is_no_core_module_is_not_published(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.wasm"
    file.write_bytes(content)
    with pytest.raises(GuestModuleError):
        publication_of_file(file, name="x", version="1.0.0")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.wasm: not found"):
        publication_of_file(tmp_path / "absent.wasm", name="x", version="1.0.0")
