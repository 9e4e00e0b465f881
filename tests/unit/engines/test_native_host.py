"""The SDK sees of a host in this process what it sees of the glue: text, None, errors, tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from wasmkit.abi.constants import LogLevel, Status
from wasmkit.engines.engine import HostCall
from wasmkit.engines.native_host import native_host
from wasmkit.engines.recorder import Recorder
from wasmkit.host.protocol import CallError
from wasmkit.sdk import HostError

if TYPE_CHECKING:
    from wasmkit.host.calls import Calls


class Recorded:
    """Answers the calls that tests make; no other is implemented."""

    def __init__(self) -> None:
        self.environment = {"A": "1", "B": "\udcff"}
        self.seen: list[tuple[object, ...]] = []
        self.status: Status | None = None

    def _see(self, *arguments: object) -> None:
        self.seen.append(arguments)
        if self.status is not None:
            raise CallError(self.status)

    def log(self, level: int, message: bytes) -> None:
        self._see(level, message)

    def get_header_map_value(self, map_type: int, key: bytes) -> bytes:
        self._see(map_type, key)
        return b"a\xff"

    def send_local_response(self, *arguments: object) -> None:
        self._see(*arguments)

    def get_shared_data(self, key: bytes) -> tuple[bytes, int]:
        self._see(key)
        return b"value", 3

    def record_metric(self, metric: int, value: int) -> None:
        self._see(metric, value)


def made() -> tuple[Any, Recorded]:
    calls = Recorded()
    return native_host(cast("Calls", calls)), calls


def test_text_and_numbers_cross_as_they_do_in_wasm() -> None:
    host, calls = made()
    host.proxy_log(LogLevel.INFO, "é\udcff")
    assert host.proxy_get_header_map_value(0, "k") == "a\udcff"
    host.proxy_send_local_response(-1, "d", b"\xff", b"", -1)
    host.proxy_record_metric(1, -1)
    assert calls.seen == [
        (2, b"\xc3\xa9\xff"),
        (0, b"k"),
        (0xFFFF_FFFF, b"d", b"\xff", b"", 0xFFFF_FFFF),
        (1, 0xFFFF_FFFF_FFFF_FFFF),
    ]
    assert host.environ() == b"A=1\0B=\xff\0"


def test_several_results_are_a_tuple() -> None:
    host, _ = made()
    assert host.proxy_get_shared_data("k") == (b"value", 3)


def test_absent_is_none_where_the_row_says_so() -> None:
    host, calls = made()
    calls.status = Status.NOT_FOUND
    assert host.proxy_get_shared_data("k") is None
    with pytest.raises(HostError) as caught:
        host.proxy_log(2, "")
    assert caught.value.status == Status.NOT_FOUND
    calls.status = Status.BAD_ARGUMENT
    with pytest.raises(HostError):
        host.proxy_get_shared_data("k")


def test_what_is_not_implemented_says_so() -> None:
    host, _ = made()
    with pytest.raises(HostError) as caught:
        host.proxy_http_call("cluster", b"", b"", b"", 5)
    assert caught.value.status == Status.UNIMPLEMENTED


def test_a_wrong_number_of_arguments_is_a_mistake() -> None:
    host, _ = made()
    with pytest.raises(TypeError, match="a1"):
        host.proxy_log(2)


def test_calls_are_traced_as_a_module_would_make_them() -> None:
    calls = Recorded()
    recorder = Recorder()
    host = cast("Any", native_host(cast("Calls", calls), recorder))
    host.proxy_log(LogLevel.INFO, "é")
    host.proxy_get_header_map_value(0, "key")
    host.proxy_send_local_response(-1, "d", b"body", b"", -1)
    calls.status = Status.BAD_ARGUMENT
    with pytest.raises(HostError):
        host.proxy_record_metric(1, -1)
    assert recorder.take() == (
        HostCall("proxy_log", (2, 0, 2), 0),
        HostCall("proxy_get_header_map_value", (0, 0, 3, 0, 0), 0),
        HostCall("proxy_send_local_response", (2**32 - 1, 0, 1, 0, 4, 0, 0, 2**32 - 1), 0),
        HostCall("proxy_record_metric", (1, 2**64 - 1), 2),
    )
