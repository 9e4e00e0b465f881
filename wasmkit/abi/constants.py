"""The ABI's enumerations, numbered as in proxy-wasm/spec ``abi-versions/v0.2.1``."""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "ABI_VERSIONS",
    "Action",
    "BufferType",
    "CloseType",
    "HeaderMapType",
    "LogLevel",
    "MetricType",
    "Status",
    "StreamType",
]

ABI_VERSIONS = ("0.1.0", "0.2.0", "0.2.1")
"""The versions an Envoy knows; a module names its own by an export ``proxy_abi_version_X_Y_Z``."""


class Status(IntEnum):
    """What a host call returns (``WasmResult`` in proxy-wasm-cpp-host)."""

    OK = 0
    NOT_FOUND = 1
    BAD_ARGUMENT = 2
    SERIALIZATION_FAILURE = 3
    PARSE_FAILURE = 4
    BAD_EXPRESSION = 5
    INVALID_MEMORY_ACCESS = 6
    EMPTY = 7
    CAS_MISMATCH = 8
    RESULT_MISMATCH = 9
    INTERNAL_FAILURE = 10
    BROKEN_CONNECTION = 11
    UNIMPLEMENTED = 12


class LogLevel(IntEnum):
    """The levels of ``proxy_log``."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4
    CRITICAL = 5


class Action(IntEnum):
    """What a callback returns; from headers Envoy treats 1 as 4, from bodies 4 as 3."""

    CONTINUE = 0
    PAUSE = 1


class HeaderMapType(IntEnum):
    """Which map a header call means."""

    REQUEST_HEADERS = 0
    REQUEST_TRAILERS = 1
    RESPONSE_HEADERS = 2
    RESPONSE_TRAILERS = 3
    GRPC_RECEIVE_INITIAL_METADATA = 4
    GRPC_RECEIVE_TRAILING_METADATA = 5
    HTTP_CALL_RESPONSE_HEADERS = 6
    HTTP_CALL_RESPONSE_TRAILERS = 7


class BufferType(IntEnum):
    """Which buffer a buffer call means."""

    REQUEST_BODY = 0
    RESPONSE_BODY = 1
    DOWNSTREAM_DATA = 2
    UPSTREAM_DATA = 3
    HTTP_CALL_RESPONSE_BODY = 4
    GRPC_RECEIVE_BUFFER = 5
    VM_CONFIGURATION = 6
    PLUGIN_CONFIGURATION = 7
    CALL_DATA = 8


class StreamType(IntEnum):
    """Which half of a stream ``proxy_continue_stream`` and ``proxy_close_stream`` mean."""

    REQUEST = 0
    RESPONSE = 1
    DOWNSTREAM = 2
    UPSTREAM = 3


class MetricType(IntEnum):
    """What ``proxy_define_metric`` makes."""

    COUNTER = 0
    GAUGE = 1
    HISTOGRAM = 2


class CloseType(IntEnum):
    """Which side closed a connection."""

    UNKNOWN = 0
    LOCAL = 1
    REMOTE = 2
