from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import wasmtime

from loadcases import CASES, UNSAFE

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_line import Say

FILTER = bytes(
    wasmtime.wat2wasm(
        """(module
          (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
          (import "env" "proxy_http_call"
            (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 3 9)
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) i32.const 8))"""
    )
)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[bytes], str]:
    def save(data: bytes) -> str:
        file = tmp_path / "m.wasm"
        file.write_bytes(data)
        return str(file)

    return save


REFUSED_BEFORE_1_39 = next(case for case in CASES if case.name == "wasi-of-1.39")


def test_exit_codes(saved: Callable[[bytes], str], say: Say) -> None:
    file = saved(REFUSED_BEFORE_1_39.module)
    said = say("inspect", file)
    assert said.code == 0
    assert "1.36-1.38    refuses it\n               Failed to load Wasm module due to" in said.out
    assert "1.39-1.40    loads it" in said.out
    assert say("inspect", file, "--envoy", "1.39.3").code == 0
    assert say("inspect", file, "--envoy", "1.38").code == 1
    assert say("inspect", file, "--envoy", "1.99").code == 2
    assert say("inspect", Path(file).parent).code == 5
    assert say("inspect", "no-such-file").code == 2


def test_json(saved: Callable[[bytes], str], say: Say) -> None:
    told = json.loads(say("inspect", saved(FILTER), "--json", "--envoy", "1.40").out)
    assert told["abi_version"] == "0.2.1"
    assert told["capabilities"][0]["functions"] == ["proxy_http_call"]
    assert told["verdicts"] == [{"envoy": "1.40", "outcome": "loads", "problems": []}]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILTER)))
    said = say("inspect", "-")
    assert said.code == 0
    assert said.out.startswith(f"standard input  {len(FILTER)} bytes\n")


def test_every_row_fits_a_terminal(saved: Callable[[bytes], str], say: Say) -> None:
    for case in (*CASES, *UNSAFE):
        said = say("inspect", saved(case.module))
        assert said.code == 0
        assert max(map(len, said.out.splitlines())) <= 100


def test_names_of_a_strangers_module_move_no_cursor(
    saved: Callable[[bytes], str], say: Say
) -> None:
    module = wasmtime.wat2wasm(
        """(module
          (import "env" "\\1b[2J" (func))
          (func (export "a\\e2\\80\\aeb\\0d") ))"""
    )
    said = say("inspect", saved(bytes(module)))
    assert said.code == 0
    assert "a\\u202eb\\x0d" in said.out
    assert "\\x1b[2J" in said.out
    assert not {each for each in said.out if not each.isprintable()} - {"\n"}
