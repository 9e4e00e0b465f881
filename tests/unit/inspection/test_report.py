"""What is told of a module; the verdicts' table is checked on real Envoys in conformance/."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import wasmtime
from click.testing import CliRunner

from loadcases import CASES, UNSAFE, LoadCase
from wasmkit.abi.callbacks import CALLBACKS
from wasmkit.abi.constants import ABI_VERSIONS
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.cli.inspect import command
from wasmkit.cli.main import run
from wasmkit.errors import GuestModuleError
from wasmkit.inspection import (
    Capability,
    Memory,
    Outcome,
    Table,
    capabilities_of,
    inspect_module,
)
from wasmkit.profiles import ENVOYS

if TYPE_CHECKING:
    from collections.abc import Callable


def wat(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {text})"))


FILTER = wat(
    '(import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))'
    '(import "env" "proxy_http_call" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)'
    " (result i32)))"
    '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))'
    '(memory (export "memory") 3 9)(table 5 7 funcref)(data (i32.const 0) "abc")'
    '(data (i32.const 9) "de")(func (export "proxy_abi_version_0_2_1"))'
    '(func (export "malloc") (param i32) (result i32) i32.const 8)'
    '(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)'
    " (i32.extend8_s (i32.const 0)))"
)


# -- facts --------------------------------------------------------------------------------------


def test_facts() -> None:
    found = inspect_module(FILTER)
    assert (found.size, found.sha256) == (len(FILTER), hashlib.sha256(FILTER).hexdigest())
    assert found.abi_version == "0.2.1"
    assert found.imports == (
        *("env.proxy_log", "env.proxy_http_call", "wasi_snapshot_preview1.fd_write"),
    )
    assert found.exports == (
        *("memory", "proxy_abi_version_0_2_1", "malloc", "proxy_on_request_headers"),
    )
    assert found.capabilities == (
        Capability("makes HTTP calls to other services", ("proxy_http_call",), reaches_out=True),
        Capability("sees requests", ("proxy_on_request_headers",)),
        Capability("writes to Envoy's log", ("proxy_log", "fd_write")),
    )
    assert (found.memory, found.table) == (
        Memory(3, 9, imported=False),
        Table(5, 7, imported=False),
    )
    assert (found.functions, found.data_size, found.start_section) == (3, 5, False)
    assert found.features == ("sign-extension",)
    assert found.unread == ""
    assert [verdict.envoy for verdict in found.verdicts] == list(ENVOYS)
    assert json.loads(json.dumps(asdict(found)))["verdicts"][0] == {
        "envoy": "1.36",
        "outcome": "loads",
        "problems": [],
    }


def test_imported_memory_and_start_section() -> None:
    found = inspect_module(wat('(import "env" "m" (memory 2))(func $s)(start $s)'))
    assert found.memory == Memory(2, None, imported=True)
    assert found.table is None
    assert found.start_section
    assert found.abi_version is None


@pytest.mark.parametrize("version", ABI_VERSIONS)
def test_abi_version(version: str) -> None:
    name = f"proxy_abi_version_{version.replace('.', '_')}"
    assert inspect_module(wat(f'(func (export "{name}"))')).abi_version == version


# -- verdicts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [*CASES, *UNSAFE], ids=lambda case: case.name)
def test_verdicts(case: LoadCase) -> None:
    found = inspect_module(case.module)
    for envoy in ENVOYS:
        verdict = found.verdict(envoy)
        outcome, reason = case.expected(envoy)
        assert verdict.outcome is outcome
        assert bool(verdict.problems) == (outcome is not Outcome.LOADS)
        if reason:
            assert verdict.problems[0].reason.startswith(reason)


def test_every_problem_is_told_once() -> None:
    text = '(import "env" "nope" (func))(import "env" "nope" (func))(memory 16385)'
    problems = inspect_module(wat(text)).verdicts[0].problems
    assert [problem.reason.split(" (")[0] for problem in problems] == [
        "Missing or unknown Proxy-Wasm ABI version",
        "Failed to create new Wasm instance",
    ]


MAY_CALL = (
    '(import "env" "proxy_done" (func $done (result i32)))(table 1 funcref)'
    '(func (export "proxy_abi_version_0_2_1"))(func $s {})(start $s)'
    '(func (export "malloc") (param i32) (result i32) i32.const 8)'
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("(if (i32.const 0) (then (drop (call $done))))", "may call env.proxy_done"),
        ("(call_indirect (i32.const 0))", "may call functions by reference"),
    ],
)
def test_a_start_section_of_which_not_enough_is_known(body: str, reason: str) -> None:
    verdict = inspect_module(wat(MAY_CALL.format(body))).verdicts[0]
    assert verdict.outcome is Outcome.UNKNOWN
    assert reason in verdict.problems[0].reason


def test_a_broken_name_section_is_refused() -> None:
    data = FILTER + b"\0\x06\x04name\x01"
    verdict = inspect_module(data).verdict("1.40")
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.problems[0].reason.startswith("Failed to parse corrupted Wasm module")


def test_a_valid_module_beyond_the_reader_is_unknown() -> None:
    # Two segments that no table needs, with more entries in all than the reader takes.
    half = b"\x03\x00\x80\xd2\xaf\x03" + bytes(7_072_000)
    elements = b"\x02" + half + half
    size = len(elements)
    length = bytes(size >> shift & 0x7F | 0x80 for shift in (0, 7, 14)) + bytes((size >> 21,))
    data = wat("(func)")
    code = data.index(b"\x0a\x04\x01\x02\x00\x0b")
    found = inspect_module(data[:code] + b"\x09" + length + elements + data[code:])
    assert {verdict.outcome for verdict in found.verdicts} == {Outcome.UNKNOWN}
    assert "longer than any engine takes" in found.unread
    assert found.size > 14_000_000


@pytest.mark.parametrize("data", [b"", FILTER[:-1], FILTER[:20], b"\0asm\x0d\0\x01\0"])
def test_no_module(data: bytes) -> None:
    with pytest.raises(GuestModuleError):
        inspect_module(data)


# -- capabilities -------------------------------------------------------------------------------


def test_every_host_function_and_callback_has_words() -> None:
    functions, callbacks = set(HOST_FUNCTIONS), set(CALLBACKS)
    told = capabilities_of(functions, callbacks)
    assert "calls functions that no stock Envoy has" not in [item.text for item in told]
    silent = functions - {name for item in told for name in item.functions}
    assert silent == {"emscripten_notify_memory_growth", "pthread_equal", "sched_yield"}
    silent = callbacks - {name for item in told for name in item.functions}
    assert silent == {
        *("proxy_on_configure", "proxy_on_context_create", "proxy_on_vm_start"),
        "proxy_validate_configuration",
    }


def test_unknown_functions_come_last() -> None:
    told = capabilities_of({"proxy_secret_get", "path_open", "proxy_log"})
    assert [item.functions for item in told] == [
        ("proxy_log",),
        ("path_open",),
        ("proxy_secret_get",),
    ]


# -- the command ---------------------------------------------------------------------------------


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
