from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import wasmtime
from click.testing import CliRunner

from loadcases import CASES, UNSAFE
from wasmkit.cli.inspect import command
from wasmkit.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_exit_codes(saved: Callable[[bytes], str], capsys: pytest.CaptureFixture[str]) -> None:
    file = saved(REFUSED_BEFORE_1_39.module)
    assert run(["inspect", file]) == 0
    shown = capsys.readouterr().out
    assert "1.36-1.38    refuses it\n               Failed to load Wasm module due to" in shown
    assert "1.39-1.40    loads it" in shown
    assert run(["inspect", file, "--envoy", "1.39.3"]) == 0
    assert run(["inspect", file, "--envoy", "1.38"]) == 1
    assert run(["inspect", file, "--envoy", "1.99"]) == 2
    assert run(["inspect", str(Path(file).parent)]) == 5
    assert run(["inspect", "no-such-file"]) == 2


def test_json(saved: Callable[[bytes], str]) -> None:
    result = CliRunner().invoke(command, [saved(FILTER), "--json", "--envoy", "1.40"])
    told = json.loads(result.output)
    assert told["abi_version"] == "0.2.1"
    assert told["capabilities"][0]["functions"] == ["proxy_http_call"]
    assert told["verdicts"] == [{"envoy": "1.40", "outcome": "loads", "problems": []}]


def test_standard_input() -> None:
    result = CliRunner().invoke(command, ["-"], input=FILTER)
    assert result.exit_code == 0
    assert result.output.startswith(f"standard input  {len(FILTER)} bytes\n")


def test_every_row_fits_a_terminal(saved: Callable[[bytes], str]) -> None:
    for case in (*CASES, *UNSAFE):
        result = CliRunner().invoke(command, [saved(case.module)])
        assert result.exit_code == 0
        assert max(map(len, result.output.splitlines())) <= 100


def test_names_of_a_strangers_module_move_no_cursor(saved: Callable[[bytes], str]) -> None:
    module = wasmtime.wat2wasm(
        """(module
          (import "env" "\\1b[2J" (func))
          (func (export "a\\e2\\80\\aeb\\0d") ))"""
    )
    result = CliRunner().invoke(command, [saved(bytes(module))])
    assert result.exit_code == 0
    assert "a\\u202eb\\x0d" in result.output
    assert "\\x1b[2J" in result.output
    assert not {each for each in result.output if not each.isprintable()} - {"\n"}
