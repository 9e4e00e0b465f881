from __future__ import annotations

import os
import threading

import pytest

from wasmkit.abi.constants import LogLevel
from wasmkit.envoy.log import LogPump, LogRecord, guest_message, parse_record, trap_reason

# Lines of Envoy 1.40.0 with the format that is asked for.
START = b'{"level":"info","logger":"wasm","thread":17,"message":"wasm log rooty: vmstart"}'
BYTES = b'{"level":"warning","logger":"wasm","thread":2,"message":"wasm log a: \\n\\"\xff\\u0000"}'
TRAP = (
    b'{"level":"error","logger":"wasm","thread":3,"message":"Function: proxy_on_vm_start failed: '
    b'Uncaught RuntimeError: unreachable\\nProxy-Wasm plugin in-VM backtrace:\\n  0:  0x15a"}'
)


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (START, LogRecord(LogLevel.INFO, "wasm", 17, b"wasm log rooty: vmstart")),
        (BYTES, LogRecord(LogLevel.WARN, "wasm", 2, b'wasm log a: \n"\xff\x00')),
        (b"Segmentation fault", LogRecord(LogLevel.CRITICAL, "", 0, b"Segmentation fault")),
        (b"{}", LogRecord(LogLevel.CRITICAL, "", 0, b"{}")),
        (b"[" * 100_000, LogRecord(LogLevel.CRITICAL, "", 0, b"[" * 100_000)),
        (b"\xff", LogRecord(LogLevel.CRITICAL, "", 0, b"\xff")),
    ],
    ids=["plain", "bytes", "crash", "empty", "deep", "no text"],
)
def test_lines_become_records(line: bytes, record: LogRecord) -> None:
    assert parse_record(line) == record


@pytest.mark.parametrize(
    ("message", "name", "root_id", "said"),
    [
        (b"wasm log hello rooty: a: b", "hello", "rooty", b"a: b"),
        (b"wasm log rooty: a", "hello", "rooty", b"a"),
        (b"wasm log hello: a", "hello", "", b"a"),
        (b"wasm log: a", "", "", b"a"),
        (b"wasm log: a", "hello", "", b"a"),
        (b"wasm log hello rooty: ", "hello", "rooty", b""),
        (b"wasm log other: a", "hello", "rooty", None),
        (b"Wasm VM failed wasm log hello rooty: a", "hello", "rooty", None),
    ],
)
def test_what_the_guest_said(message: bytes, name: str, root_id: str, said: bytes | None) -> None:
    record = LogRecord(LogLevel.INFO, "wasm", 1, message)
    assert guest_message(record, name, root_id) == said


def test_another_logger_speaks_for_no_guest() -> None:
    record = LogRecord(LogLevel.INFO, "main", 1, b"wasm log hello: a")
    assert guest_message(record, "hello", "") is None


def test_why_a_guest_trapped() -> None:
    reason = trap_reason(parse_record(TRAP))
    assert reason is not None
    assert reason.startswith("proxy_on_vm_start failed: Uncaught RuntimeError: unreachable\n")
    assert trap_reason(parse_record(START)) is None
    forged = LogRecord(LogLevel.INFO, "wasm", 1, b"wasm log a: Function: x failed")
    assert trap_reason(forged) is None


def test_the_pump_hands_over_all_that_was_written_before() -> None:
    records: list[LogRecord] = []
    read_end, write_end = os.pipe()
    pump = LogPump(read_end, records.append)
    for count in range(1, 200):
        os.write(write_end, START + b"\n")
        pump.drain()
        assert len(records) == count
    os.write(write_end, START[:20])
    pump.drain()
    os.write(write_end, START[20:] + b"\n\nlast words")
    os.close(write_end)
    pump.close()
    pump.close()
    assert len(records) == 201
    assert records[199] == records[0]
    assert records[200].message == b"last words"


def test_a_writer_never_waits_and_a_line_without_end_does_not_fill_the_memory() -> None:
    records: list[LogRecord] = []
    read_end, write_end = os.pipe()
    pump = LogPump(read_end, records.append)
    with os.fdopen(write_end, "wb") as writer:
        writer.write(b"x" * (40 << 20) + b"\n" + START + b"\n")
    pump.close()
    assert len(records) == 2
    assert len(records[0].message) < 20 << 20
    assert records[1].message == b"wasm log rooty: vmstart"
    assert not any(thread.name == "envoy-log" for thread in threading.enumerate())
