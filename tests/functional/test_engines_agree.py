"""The host of this project against stock Envoy: the same module, the same exchanges, one outcome.

Each case is a module that does one thing, or asks one question of its host and logs the answer.
Nothing is written here about what the outcome is: Envoy says it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from scripted_guest import OUT, call, module, returns, tell, trap
from toolneeds import need_module
from wasmkit.abi.pairs import encode_pairs
from wasmkit.errors import GuestModuleError
from wasmkit.host.envoy_headers import JOINED_IN_REQUESTS, JOINED_IN_RESPONSES, NOT_FROM_CLIENTS
from wasmkit.replay.engines.envoy import EnvoyEngine
from wasmkit.replay.engines.wasm import WasmEngine
from wasmkit.replay.normal import normalise
from wasmkit.traffic.model import Exchange, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.replay.outcome import LogLine, Outcome

pytestmark = pytest.mark.envoy

CALLBACKS = (
    *("request_headers", "request_body", "request_trailers"),
    *("response_headers", "response_body", "response_trailers"),
    *("context_create", "vm_start", "configure", "log", "done", "delete"),
)

GET = Exchange(
    Request("GET", "http", "a.test", "/x?y=1", (("x-foo", "1"), ("x-foo", "2"))),
    Response(
        200,
        (("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2")),
        b"hello",
    ),
)
POST = Exchange(
    Request("POST", "https", "a.test", "/p", (("content-type", "text/plain"),), b"body"),
    Response(404),
)
HEAD = Exchange(Request("HEAD", "http", "a.test", "/p"), Response(200, (("content-length", "5"),)))
HANGS_UP = Exchange(Request("GET", "http", "a.test", "/gone"), Response(0))
TRAILERS = Exchange(
    Request("POST", "http", "a.test", "/t", (), b"abc", (("x-t", "1"),)),
    Response(200, (), b"resp", (("x-rt", "2"),)),
)
EMPTY_POST = Exchange(Request("POST", "http", "a.test", "/p"), Response(204))
MEASURED = Exchange(
    Request("POST", "http", "a.test", "/m", (("content-length", "1000"),), b"x" * 1000),
    Response(200, (("content-length", "2000"),), b"y" * 2000),
)
BIG = Exchange(
    Request("POST", "http", "a.test", "/b", (), b"x" * 3_000_000),
    Response(200, (), b"y" * 3_000_000),
)
GRPC = Exchange(
    Request(
        "POST",
        "http",
        "a.test",
        "/g",
        (("content-type", "application/grpc"), ("te", "trailers")),
        b"abc",
    ),
    Response(200, (("content-type", "application/grpc"),), b"r", (("grpc-status", "0"),)),
)
KINDS = (GET, POST, HEAD, HANGS_UP, TRAILERS, EMPTY_POST)

ADD = "proxy_add_header_map_value"
REPLACE = "proxy_replace_header_map_value"
REMOVE = "proxy_remove_header_map_value"
VALUE = "proxy_get_header_map_value"
PAIRS = "proxy_get_header_map_pairs"
SET_PAIRS = "proxy_set_header_map_pairs"
SIZE = "proxy_get_header_map_size"
READ = "proxy_get_buffer_bytes"
WRITE = "proxy_set_buffer_bytes"
STATUS = "proxy_get_buffer_status"
CONTINUE = "proxy_continue_stream"
CLOSE = "proxy_close_stream"
PROPERTY = "proxy_get_property"
REQUEST, REQUEST_TRAILERS, RESPONSE, RESPONSE_TRAILERS = range(4)
WHOLE = -1  # as an unsigned number, more than any length
SAY_BODY = call("proxy_log", 2, b"body")


def reply(status: int = 403, body: bytes = b"no", pairs: bytes = b"", grpc: int = -1):  # type: ignore[no-untyped-def]  # noqa: ANN201  # a step, whose type is private
    return call("proxy_send_local_response", status, b"why not", body, pairs, grpc)


def dump(kind: int):  # type: ignore[no-untyped-def]  # noqa: ANN201  # a step, whose type is private
    return tell(PAIRS, kind, OUT)


@dataclass(frozen=True)
class Case:
    module: bytes
    exchanges: tuple[Exchange, ...] = KINDS
    on_error: str = "close"


def changed(name: bytes, value: bytes) -> Case:
    """Replace one of the request's headers."""
    return Case(module(request_headers=[tell(REPLACE, REQUEST, name, value)]), (GET, POST))


ORDER = {
    "callbacks": Case(module({name: [call("proxy_log", 2, name.encode())] for name in CALLBACKS})),
    "headers in every phase": Case(
        module(
            request_headers=[dump(REQUEST), dump(RESPONSE), tell(SIZE, REQUEST, 8)],
            request_body=[dump(REQUEST), tell(READ, 0, 0, 100, OUT)],
            request_trailers=[dump(REQUEST), dump(REQUEST_TRAILERS)],
            response_headers=[dump(REQUEST), dump(RESPONSE)],
            response_body=[dump(RESPONSE), tell(READ, 1, 0, 100, OUT)],
            response_trailers=[dump(RESPONSE_TRAILERS)],
            log=[dump(kind) for kind in range(4)],
        )
    ),
}

REPLIES = {
    "to the request": Case(
        module(
            request_headers=[
                reply(pairs=encode_pairs([(b"X-Up", b"1"), (b"Content-Type", b"a/b")]))
            ],
            response_headers=[dump(REQUEST), dump(RESPONSE), call(ADD, RESPONSE, b"x-seen", b"1")],
            response_body=[tell(READ, 1, 0, 100, OUT)],
            log=[dump(RESPONSE)],
        )
    ),
    "without a body": Case(
        module(
            request_headers=[
                reply(
                    body=b"",
                    pairs=encode_pairs([(b"content-length", b"7"), (b"content-type", b"a/b")]),
                )
            ]
        )
    ),
    "with a length of its own": Case(
        module(
            request_headers=[reply(pairs=encode_pairs([(b"content-length", b"7"), (b"z", b"1")]))]
        )
    ),
    "with malformed headers": Case(module(request_headers=[reply(pairs=b"\1\0\0\0")]), (GET,)),
    "to the request's body": Case(
        module(request_body=[reply()], response_headers=[dump(RESPONSE)])
    ),
    "to the response's headers": Case(
        module(
            response_headers=[reply(pairs=encode_pairs([(b"a", b"b")]))], response_body=[SAY_BODY]
        )
    ),
    "to the response's body, too late": Case(module(response_body=[reply()])),
    "twice": Case(module(request_headers=[reply(401), reply(402)])),
    "in gRPC": Case(
        module(
            request_headers=[reply(body=b"no 100% \xc3\xa9\n")],
            response_headers=[dump(RESPONSE)],
            log=[dump(RESPONSE), dump(RESPONSE_TRAILERS)],
        ),
        (GRPC,),
    ),
    "in gRPC with its status": Case(module(request_headers=[reply(200, b"", grpc=5)]), (GRPC,)),
    "in gRPC with its headers": Case(
        module(
            request_headers=[
                reply(
                    pairs=encode_pairs(
                        [(b"grpc-status", b"9"), (b"content-type", b"a/b"), (b"x", b"y")]
                    )
                )
            ]
        ),
        (GRPC,),
    ),
    "in gRPC to a response": Case(module(response_headers=[reply()]), (GRPC,)),
    **{
        f"with status {status}": Case(
            module(request_headers=[reply(status, body)], response_headers=[dump(RESPONSE)]), (GET,)
        )
        for status, body in ((204, b"x"), (304, b"x"), (205, b""), (600, b""), (99, b""), (-5, b""))
    },
}

TRAPS = {
    **{
        f"in {name}": Case(module({name: [trap]}), (GET, POST))
        for name in ("request_headers", "request_body", "response_headers", "response_body", "log")
    },
    "behind a local reply": Case(module(request_headers=[reply(), trap]), (POST,)),
    "open": Case(module(request_headers=[trap]), (GET, POST), on_error="open"),
    "in gRPC": Case(module(request_headers=[trap]), (GRPC, GRPC)),
    "in malloc": Case(
        module(request_headers=[tell(VALUE, REQUEST, b"x-foo", OUT)]).replace(
            b"\x23\x00\x23\x00\x20\x00\x6a\x24\x00\x0b", b"\x00\x00\x23\x00\x20\x00\x6a\x24\x00\x0b"
        ),
        (GET,),
    ),
}

CLOSES = {
    f"in {name}": Case(module({name: [call(CLOSE, kind)]}, log=[dump(REQUEST), dump(RESPONSE)]))
    for name, kind in (("request_headers", 0), ("response_headers", 1), ("response_body", 1))
}

PAUSES = {
    **{
        f"request headers return {number}": Case(
            module(request_headers=[returns(number)], request_body=[SAY_BODY]), (GET, POST)
        )
        for number in range(1, 6)
    },
    **{
        f"response headers return {number}": Case(
            module(response_headers=[returns(number)], response_body=[SAY_BODY]), (GET,)
        )
        for number in (1, 2)
    },
    **{
        f"bodies return {number}": Case(
            module(
                request_body=[tell(STATUS, 0, 8, 12), tell(READ, 0, 0, 10, OUT), returns(number)],
                response_body=[tell(STATUS, 1, 8, 12), returns(number)],
                log=[dump(REQUEST)],
            ),
            (POST, TRAILERS, GET),
        )
        for number in range(1, 5)
    },
    "trailers return 1": Case(
        module(request_trailers=[returns(1)], response_trailers=[returns(1)]), (TRAILERS,)
    ),
    "continue before pausing": Case(
        module(request_headers=[tell(CONTINUE, 0), returns(1)], request_body=[SAY_BODY]),
        (GET, POST),
    ),
    "continue without pausing": Case(
        module(request_headers=[tell(CONTINUE, 0), tell(VALUE, REQUEST, b"x-foo", OUT)]),
        (GET, POST),
    ),
    "continue a response before pausing": Case(
        module(response_headers=[tell(CONTINUE, 1), returns(1)], response_body=[SAY_BODY]),
        (GET, POST),
    ),
    "continue a body before pausing": Case(
        module(request_body=[tell(CONTINUE, 0), returns(1)]), (POST,)
    ),
    "continue what is no HTTP": Case(
        module(request_headers=[tell(CONTINUE, 2), tell(CONTINUE, 3), tell(CONTINUE, 4)]), (GET,)
    ),
    "continue at a tick": Case(
        module(
            configure=[call("proxy_set_tick_period_milliseconds", 50)],
            tick=[
                tell("proxy_set_effective_context", 2),
                tell(VALUE, REQUEST, b":path", OUT),
                call(CONTINUE, 0),
            ],
            request_headers=[returns(1)],
            request_body=[tell(READ, 0, 0, 9, OUT)],
        ),
        (POST,),
    ),
}

BODIES = {
    "replaced": Case(
        module(
            request_headers=[call(REMOVE, REQUEST, b"content-length")],
            request_body=[tell(WRITE, 0, 0, 100, b"NEW")],
            response_headers=[call(REMOVE, RESPONSE, b"content-length")],
            response_body=[tell(WRITE, 1, 0, 100, b"NEWER")],
        ),
        (POST, GET, MEASURED, TRAILERS),
    ),
    "added to": Case(
        module(
            request_body=[tell(WRITE, 0, 99999, 0, b"END")],
            response_body=[tell(WRITE, 1, 0, 0, b"BEGIN")],
        ),
        (POST, GET, TRAILERS),
    ),
    "changed in the middle": Case(
        module(request_body=[tell(WRITE, 0, 2, 1, b"X"), tell(READ, 0, 2, 1, OUT)]), (POST,)
    ),
    "shorter than announced": Case(
        module(
            request_body=[tell(WRITE, 0, 0, 5000, b"short")],
            response_body=[tell(WRITE, 1, 0, 5000, b"short")],
        ),
        (MEASURED,),
    ),
    "a response shorter than announced": Case(
        module(response_body=[tell(WRITE, 1, 0, 5000, b"short")]), (MEASURED,)
    ),
    "longer than announced": Case(
        module(
            request_body=[tell(WRITE, 0, 0, 0, b"long")],
            response_body=[tell(WRITE, 1, 0, 0, b"long")],
        ),
        (MEASURED,),
    ),
    "too large to buffer": Case(
        module(request_body=[returns(1)], response_headers=[dump(RESPONSE)]), (BIG, MEASURED)
    ),
    "a response too large to buffer": Case(module(response_body=[returns(1)]), (BIG,)),
    "too large to hold": Case(module(request_headers=[returns(3)]), (BIG,)),
    "a response too large to hold": Case(module(response_headers=[returns(3)]), (BIG,)),
    "large and let pass": Case(module(), (BIG,)),
    "trailers changed": Case(
        module(
            request_trailers=[dump(REQUEST_TRAILERS), call(ADD, REQUEST_TRAILERS, b"more", b"1")],
            response_trailers=[
                call(ADD, RESPONSE_TRAILERS, b"more", b"2"),
                call(REMOVE, RESPONSE_TRAILERS, b"x-rt"),
            ],
        ),
        (TRAILERS,),
    ),
    "trailers added": Case(
        module(
            request_body=[tell(ADD, REQUEST_TRAILERS, b"more", b"1")],
            response_body=[tell(ADD, RESPONSE_TRAILERS, b"more", b"2")],
        ),
        (POST, GET, TRAILERS),
    ),
    "every buffer at any time": Case(
        module(
            request_headers=[
                *(tell(READ, kind, 0, 9, OUT) for kind in range(10)),
                *(tell(STATUS, kind, 8, 12) for kind in range(10)),
                *(tell(WRITE, kind, 0, 1, b"q") for kind in range(10)),
            ],
            request_body=[
                tell(READ, 0, 2, 99, OUT),
                tell(READ, 0, WHOLE, 9, OUT),
                tell(READ, 0, 1, WHOLE, OUT),
                *(tell(READ, kind, 0, 9, OUT) for kind in (8, 6, 8)),
            ],
            configure=[tell(READ, kind, 0, 9, OUT) for kind in (6, 7, 8)],
        ),
        (POST,),
    ),
}

HEADERS = {
    "every call": Case(
        module(
            request_headers=[
                tell(VALUE, REQUEST, b"X-FOO", OUT),
                tell(VALUE, REQUEST, b"host", OUT),
                *(tell(VALUE, kind, b"nope", OUT) for kind in (0, 1, 2, 4, 8)),
                *(tell(SIZE, kind, 8) for kind in (0, 2, 8)),
                tell(REPLACE, REQUEST, b"X-Foo", b"r"),
                tell(ADD, REQUEST, b"X-Foo", b"s"),
                tell(REMOVE, REQUEST, b"not-there"),
                tell(ADD, RESPONSE, b"a", b"b"),
                tell(REPLACE, REQUEST, b"host", b"new.test"),
                tell(REPLACE, REQUEST, b":path", b"/new"),
                dump(REQUEST),
                tell(PAIRS, 8, OUT),
                tell("proxy_log", 6, b"x"),
            ],
            log=[
                *(tell(VALUE, kind, b"nope", OUT) for kind in (0, 1, 2)),
                tell(ADD, REQUEST, b"a", b"b"),
                tell(REMOVE, RESPONSE, b"a"),
                tell(SIZE, RESPONSE, 8),
                tell(READ, 0, 0, 9, OUT),
            ],
        ),
        (GET, POST),
    ),
    **{
        f"without {name.decode()}": Case(
            module(
                request_headers=[tell(REMOVE, REQUEST, name)], response_headers=[dump(RESPONSE)]
            ),
            (GET,),
        )
        for name in (b"host", b":path", b":method", b":scheme", b"x-forwarded-proto")
    },
    **{
        f"method {name.decode()}": changed(b":method", name)
        for name in (b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"FOO", b"GET", b"POST")
    },
    **{
        f"response status {status.decode()!r}": Case(
            module(response_headers=[tell(REPLACE, RESPONSE, b":status", status)]),
            (GET, EMPTY_POST),
        )
        for status in (b"418", b"204", b"304", b"abc", b"", b"99")
    },
    "response without status": Case(
        module(response_headers=[tell(REMOVE, RESPONSE, b":status")]), (GET,)
    ),
    "a path that is none": changed(b":path", b"a b"),
    "a length that is none": Case(
        module(request_headers=[tell(REPLACE, REQUEST, b"content-length", b"abc")]), (POST,)
    ),
    "a name that is none": changed(b"bad name", b"x"),
    "no name": changed(b"", b"x"),
    "an unknown pseudo header": changed(b":foo", b"x"),
    "a line break": changed(b"x", b"a\nb"),
    "a NUL": changed(b"x", b"a\0b"),
    "bytes that are no ASCII": changed(b"x", b"\xc3\xa9 \xff"),
    "blanks around a value": changed(b"x", b" \t a \t "),
    "a name that is none, in a response": Case(
        module(response_headers=[tell(ADD, RESPONSE, b"bad name", b"x")]), (GET,)
    ),
    "a line break in a response": Case(
        module(response_headers=[tell(ADD, RESPONSE, b"x", b"a\r\nz: 1")]), (GET,)
    ),
    "headers of one connection": Case(
        module(
            request_headers=[
                tell(ADD, REQUEST, name, b"x") for name in (b"connection", b"te", b"upgrade")
            ],
            response_headers=[
                tell(ADD, RESPONSE, name, b"x")
                for name in (b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade")
            ],
        ),
        (POST,),
    ),
    "all at once": Case(
        module(
            request_headers=[
                tell(
                    SET_PAIRS,
                    REQUEST,
                    encode_pairs(
                        [
                            (b":method", b"PUT"),
                            (b":path", b"/q"),
                            (b":authority", b"z.test"),
                            (b":scheme", b"http"),
                            (b"x-forwarded-proto", b"http"),
                            (b"B", b"2"),
                            (b"a", b"1"),
                            (b"B", b"3"),
                        ]
                    ),
                )
            ],
            response_headers=[
                tell(SET_PAIRS, RESPONSE, encode_pairs([(b"x", b"1"), (b":status", b"201")])),
                dump(RESPONSE),
            ],
        ),
        (GET,),
    ),
    "all at once, malformed": Case(
        module(response_headers=[tell(SET_PAIRS, RESPONSE, b"garbage"), dump(RESPONSE)]), (GET,)
    ),
    "none": Case(
        module(request_headers=[tell(SET_PAIRS, REQUEST, b"")], response_headers=[dump(RESPONSE)]),
        (GET,),
    ),
}

SENT_TWICE = tuple(
    Exchange(
        Request("GET", "http", "a.test", "/", ((name, "a"), (name, "b"))),
        Response(200, ((name, "a"), (name, "b")), b"x"),
    )
    for name in sorted(
        {
            name.decode() for name in JOINED_IN_REQUESTS | JOINED_IN_RESPONSES | NOT_FROM_CLIENTS
        }.union(
            ("accept-language", "cookie", "set-cookie", "range", "x-real-ip", "forwarded")
        ).difference(("content-length", "upgrade"))
    )
)
SPECIAL = {
    "sent twice": Case(
        module(request_headers=[dump(REQUEST)], response_headers=[dump(RESPONSE)]), SENT_TWICE
    ),
    "added twice by the filter": Case(
        module(
            request_headers=[
                *(
                    call(ADD, REQUEST, name, value)
                    for name in sorted(JOINED_IN_REQUESTS | NOT_FROM_CLIENTS)
                    if name not in (b"content-length", b"transfer-encoding")
                    for value in (b"a", b"b")
                ),
                dump(REQUEST),
            ],
            response_headers=[
                *(
                    call(ADD, RESPONSE, name, value)
                    for name in sorted(JOINED_IN_RESPONSES)
                    if name not in (b"content-length", b"transfer-encoding")
                    for value in (b"a", b"b")
                ),
                dump(RESPONSE),
            ],
        ),
        (GET,),
    ),
}

PROPERTIES = (
    *("request path", "request url_path", "request host", "request scheme", "request method"),
    *("request headers x-foo", "request referer", "request useragent", "request protocol"),
    *("request query", "request size", "request total_size", "request headers_bytes"),
    *("response code", "response code_details", "response flags", "response grpc_status"),
    *("response headers content-type", "response trailers", "response size"),
    *("response total_size", "response headers_bytes", "connection mtls"),
    *("connection requested_server_name", "connection tls_version", "upstream num_endpoints"),
    *("upstream request_attempt_count", "upstream transport_failure_reason"),
    *("xds cluster_name", "xds cluster_metadata", "xds route_name", "xds route_metadata"),
    *("xds virtual_host_name", "xds listener_direction", "xds listener_metadata"),
    *("xds filter_chain_name", "xds upstream_host_metadata", "metadata", "filter_state"),
    *("plugin_name", "plugin_root_id", "plugin_vm_id", "request", "response", "connection"),
    *("source", "upstream", "xds", "", "nonsense", "request.path"),
    *("request nonsense", "node", "cluster_name", "plugin_name x", "request path x"),
)
ASK_ALL = [tell(PROPERTY, name.replace(" ", "\0").encode(), OUT) for name in PROPERTIES]
PROPERTY_CASES = {
    **{
        name: Case(module({name: ASK_ALL}), (GET, POST, TRAILERS, HANGS_UP))
        for name in CALLBACKS
        if name not in ("context_create", "done", "delete")
    },
    "without a route": Case(
        module(
            request_headers=[call(REMOVE, REQUEST, b":path")],
            response_headers=ASK_ALL,
            log=ASK_ALL,
        ),
        (GET,),
    ),
    **{
        f"of a local reply to {name}": Case(
            module({name: [reply()], "log": ASK_ALL}), (POST, TRAILERS)
        )
        for name in ("request_headers", "request_body", "response_headers", "response_body")
    },
    **{
        f"of a trap in {name}": Case(module({name: [trap], "log": ASK_ALL}), (POST,))
        for name in ("request_headers", "response_headers")
    },
    **{
        f"of a stream closed in {name}": Case(
            module({name: [call(CLOSE, 0)], "log": ASK_ALL}), (POST,)
        )
        for name in ("request_headers", "response_headers")
    },
    "kept by the filter": Case(
        module(
            request_headers=[
                tell("proxy_set_property", b"mine", b"1"),
                tell(PROPERTY, b"mine", OUT),
                tell(PROPERTY, b"filter_state\0wasm.mine", OUT),
                tell("proxy_set_property", b"request\0path", b"2"),
                tell(PROPERTY, b"request\0path", OUT),
                tell("proxy_set_property", b"a\0b", b"3"),
                tell(PROPERTY, b"a\0b", OUT),
                tell(PROPERTY, b"filter_state\0wasm.a\0b", OUT),
                tell("proxy_set_property", b"mine", b"4"),
                tell(PROPERTY, b"mine\0x", OUT),
            ],
            response_headers=[tell(PROPERTY, b"mine", OUT)],
            log=[tell(PROPERTY, b"mine", OUT)],
        ),
        (GET,),
    ),
}

OTHERS = {
    "calls at the start": Case(
        module(
            configure=[
                tell("proxy_set_effective_context", 9),
                tell("proxy_set_effective_context", 0),
                tell("proxy_done"),
                *(tell(CONTINUE, kind) for kind in range(5)),
                *(tell(CLOSE, kind) for kind in range(5)),
                tell("proxy_send_local_response", 200, b"", b"", b"", 0),
                tell("proxy_get_log_level", 8),
                tell("proxy_set_property", b"a", b"b"),
            ]
        ),
        (),
    ),
    "WASI": Case(
        module(
            configure=[
                tell("args_sizes_get", 8, 12),
                tell("environ_sizes_get", 8, 12),
                tell("clock_res_get", 0, 8),
                tell("clock_res_get", 5, 8),
                tell("clock_time_get", 1, 0, 8),
                tell("clock_time_get", 2, 0, 8),
                tell("fd_advise", 9, 0, 0, 0),
                tell("fd_allocate", 9, 0, 0),
                tell("fd_close", 99),
                tell("fd_datasync", 1),
                tell("fd_fdstat_get", 0, 64),
                tell("fd_fdstat_get", 1, 64),
                call("proxy_log", 2, 64, 24),
                tell("fd_fdstat_set_flags", 1, 0),
                tell("fd_filestat_get", 1, 64),
                tell("fd_pread", 0, 0, 0, 0, 8),
                tell("fd_prestat_dir_name", 3, 8, 9),
                tell("fd_prestat_get", 3, 8),
                tell("fd_pwrite", 9, 0, 0, 0, 8),
                tell("fd_read", 0, 0, 0, 8),
                tell("fd_readdir", 3, 0, 0, 0, 8),
                tell("fd_renumber", 1, 2),
                tell("fd_renumber", 1, 5),
                tell("fd_renumber", 5, 1),
                tell("fd_seek", 1, 0, 0, 8),
                tell("fd_sync", 0),
                tell("fd_tell", 2, 8),
                tell("fd_write", 3, 64, 0, 8),
                tell("fd_write", 1, -8, 1, 8),
                tell("path_filestat_get", 3, 0, 0, 0, 64),
                tell("path_open", 3, 0, 0, 0, 0, 0, 0, 0, 8),
                tell("path_rename", 3, 0, 0, 3, 0, 0),
                tell("poll_oneoff", 0, 8, 1, 12),
                tell("random_get", 64, 65536),
                tell("random_get", 64, 65537),
                tell("random_get", -8, 16),
                tell("sched_yield"),
                tell("sock_accept", 1, 0, 8),
            ]
        ),
        (),
    ),
    "the first ABI version": Case(
        module(
            abi_version="0.1.0",
            configure=[tell("proxy_get_configuration", OUT)],
            request_headers=[tell(VALUE, REQUEST, b"nope", OUT), tell("proxy_continue_request")],
            response_headers=[tell(VALUE, RESPONSE, b"nope", OUT)],
        ),
        (GET,),
    ),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "order": ORDER,
        "local reply": REPLIES,
        "trap": TRAPS,
        "close": CLOSES,
        "pause": PAUSES,
        "body": BODIES,
        "headers": HEADERS,
        "special headers": SPECIAL,
        "property": PROPERTY_CASES,
        "other": OTHERS,
    }.items()
    for name, case in cases.items()
}

# Drawn anew by each engine.
_VOLATILE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def steady(outcome: Outcome) -> Outcome:
    """Return what must be equal: wasmtime and V8 count positions in a function differently."""
    logs = tuple(replace(line, message=_VOLATILE.sub("*", line.message)) for line in outcome.logs)
    result = normalise(outcome)
    headers = tuple((name, _VOLATILE.sub("*", value)) for name, value in result.client.headers)
    client = replace(result.client, headers=headers)
    return replace(result, client=client, logs=logs, trap=outcome.trap.partition("\n")[0])


def outcomes(
    make: Callable[..., WasmEngine | EnvoyEngine], case: Case, **options: float
) -> tuple[tuple[LogLine, ...], list[Outcome]]:
    engine = make(
        case.module,
        configuration=b"CONF",
        vm_configuration=b"VM",
        name="plugin",
        root_id="root",
        on_error=case.on_error,
        **options,
    )
    with engine:
        played = [steady(engine.play(exchange)) for exchange in case.exchanges]
        return engine.startup_logs, played


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_this_host_does_what_envoy_does(case: Case) -> None:
    need_module("envoy")
    ours = outcomes(WasmEngine, case)
    assert ours == outcomes(EnvoyEngine, case, exchange_seconds=1)


REFUSED = {
    "vm_start says no": module(vm_start=[call("proxy_log", 4, b"my reason"), returns(0)]),
    "configure says no": module(configure=[call("proxy_log", 4, b"my\nreason"), returns(0)]),
    "configure traps": module(configure=[call("proxy_log", 4, b"my reason"), trap]),
    "a trap at the start": module(_initialize=[trap]),
    "a restricted call": module(_initialize=[call("proxy_set_tick_period_milliseconds", 1)]),
    "an exit at the start": module(_start=[call("proc_exit", 3)]),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_this_host_refuses_as_envoy_does(data: bytes) -> None:
    need_module("envoy")
    with pytest.raises(GuestModuleError) as ours, WasmEngine(data):
        pass
    with pytest.raises(GuestModuleError) as envoys, EnvoyEngine(data):
        pass
    assert ours.value.hint == envoys.value.hint
    reason = str(envoys.value).partition("\n")[0].removeprefix("Envoy refuses the filter: ")
    assert str(ours.value).startswith(reason)
