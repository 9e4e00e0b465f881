"""The numbers, against what the ABI's own documents and Envoy's header files list."""

from __future__ import annotations

from enum import IntEnum

import pytest

from wasmkit.abi import constants
from wasmkit.abi.constants import (
    Action,
    BufferType,
    CloseType,
    HeaderMapType,
    LogLevel,
    MetricType,
    Status,
    StreamType,
)

# proxy-wasm/proxy-wasm-cpp-sdk proxy_wasm_enums.h and proxy_wasm_common.h, and
# proxy-wasm/spec abi-versions/v0.2.1/README.md, read by hand: name and number of each.
TABLES: dict[type[IntEnum], str] = {
    Status: """OK 0 NOT_FOUND 1 BAD_ARGUMENT 2 SERIALIZATION_FAILURE 3 PARSE_FAILURE 4
        BAD_EXPRESSION 5 INVALID_MEMORY_ACCESS 6 EMPTY 7 CAS_MISMATCH 8 RESULT_MISMATCH 9
        INTERNAL_FAILURE 10 BROKEN_CONNECTION 11 UNIMPLEMENTED 12""",
    LogLevel: "TRACE 0 DEBUG 1 INFO 2 WARN 3 ERROR 4 CRITICAL 5",
    Action: "CONTINUE 0 PAUSE 1",
    HeaderMapType: """REQUEST_HEADERS 0 REQUEST_TRAILERS 1 RESPONSE_HEADERS 2 RESPONSE_TRAILERS 3
        GRPC_RECEIVE_INITIAL_METADATA 4 GRPC_RECEIVE_TRAILING_METADATA 5
        HTTP_CALL_RESPONSE_HEADERS 6 HTTP_CALL_RESPONSE_TRAILERS 7""",
    BufferType: """REQUEST_BODY 0 RESPONSE_BODY 1 DOWNSTREAM_DATA 2 UPSTREAM_DATA 3
        HTTP_CALL_RESPONSE_BODY 4 GRPC_RECEIVE_BUFFER 5 VM_CONFIGURATION 6
        PLUGIN_CONFIGURATION 7 CALL_DATA 8""",
    StreamType: "REQUEST 0 RESPONSE 1 DOWNSTREAM 2 UPSTREAM 3",
    MetricType: "COUNTER 0 GAUGE 1 HISTOGRAM 2",
    CloseType: "UNKNOWN 0 LOCAL 1 REMOTE 2",
}


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_numbers(kind: type[IntEnum]) -> None:
    words = TABLES[kind].split()
    expected = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert {member.name: member.value for member in kind} == expected


def test_no_enumeration_is_left_out() -> None:
    found = {
        each for each in vars(constants).values()
        if isinstance(each, type) and issubclass(each, IntEnum) and each is not IntEnum
    }  # fmt: skip
    assert found == set(TABLES)


def test_versions_are_in_order() -> None:
    assert constants.ABI_VERSIONS == ("0.1.0", "0.2.0", "0.2.1")
