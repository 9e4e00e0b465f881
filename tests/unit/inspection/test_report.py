"""What is told of a module; the verdicts' table is checked on real Envoys in conformance/."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict

import pytest
import wasmtime

from wasmkit.abi.constants import ABI_VERSIONS
from wasmkit.errors import GuestModuleError
from wasmkit.inspection import (
    Capability,
    Memory,
    Outcome,
    Table,
    inspect_module,
)
from wasmkit.profiles import ENVOYS


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


def test_where_no_thread_can_be_started_all_is_told_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = bytes(wasmtime.wat2wasm('(module (func (export "proxy_abi_version_0_2_1")))'))
    told = inspect_module(module)

    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refused)
    assert inspect_module(module) == told


def _calls(exports: int) -> int:
    """Count the calls, of functions in Python and in C, that inspecting so many exports takes."""
    text = "".join(f'(export "f{number}" (func 0))' for number in range(exports))
    module = wat(f'(func (export "proxy_abi_version_0_2_1") (param i32)) {text}')
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        inspect_module(module)
    finally:
        sys.setprofile(None)
    return count


def test_the_work_for_an_export_is_the_same_for_any_number_of_them_and_of_envoys() -> None:
    _calls(1)  # what is loaded once is loaded
    few, more, many = (_calls(number) for number in (1000, 2000, 3000))
    assert many - more == pytest.approx(more - few, rel=0.3)  # a quadratic one doubles
    assert (many - few) / 2000 < 50  # it was three times as much when each Envoy looked anew
