"""Envoy's trace lines are read, and nothing else passes for one."""

from __future__ import annotations

import pytest

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Callback, HostCall
from wasmkit.engines.recorder import Recorder
from wasmkit.envoy.log import LogRecord
from wasmkit.envoy.trace import read_trace


def record(message: str, logger: str = "wasm") -> LogRecord:
    return LogRecord(LogLevel.TRACE, logger, 7, message.encode())


def test_calls_are_read_with_what_happened_in_them() -> None:
    lines = """\
[host->vm] proxy_on_request_headers(2, 7, 0)
[vm->host] env.proxy_get_property(1024, 12, 512, 516)
[host->vm] malloc(6)
[host<-vm] malloc return: 65536
[vm<-host] env.proxy_get_property return: 0
[vm->host] env.proxy_increment_metric(4, 18446744073709551615)
[vm<-host] env.proxy_increment_metric return: 2
[vm->host] env.proxy_done()
[vm<-host] env.proxy_done return: 1
[vm->host] wasi_snapshot_preview1.proc_exit(3)
[vm<-host] wasi_snapshot_preview1.proc_exit return: void
[host<-vm] proxy_on_request_headers return: 1
[host->vm] proxy_on_log(2)
[host<-vm] proxy_on_log return: void"""
    recorder = Recorder()
    assert all(read_trace(record(line), recorder) for line in lines.splitlines())
    assert recorder.take() == (
        Callback(2, "proxy_on_request_headers", (7, 0), 1),
        HostCall("proxy_get_property", (1024, 12, 512, 516), 0),
        HostCall("proxy_increment_metric", (4, 2**64 - 1), 2),
        HostCall("proxy_done", (), 1),
        HostCall("proc_exit", (3,), None),
        Callback(2, "proxy_on_log", (), None),
    )


@pytest.mark.parametrize(
    "other",
    [
        record("wasm log root: [host->vm] proxy_on_tick(1)"),
        record("[host->vm] proxy_on_tick(1)", logger="main"),
        record("[host->vm] proxy_on_tick(1)\n"),
        record("[host->vm] proxy_on_tick(x)"),
        record("[host<-vm] proxy_on_tick return: maybe"),
        record("~Wasm 1 remaining active"),
    ],
    ids=lambda other: other.message.decode(),
)
def test_other_records_are_left_alone(other: LogRecord) -> None:
    recorder = Recorder()
    assert not read_trace(other, recorder)
    assert recorder.take() == ()
