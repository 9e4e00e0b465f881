"""Cases of agreement about values: headers, properties, and what belongs nowhere else."""

from __future__ import annotations

from agreement.parts import (
    ADD,
    CALLBACKS,
    CLOSE,
    CONTINUE,
    EMPTY_POST,
    GET,
    HANGS_UP,
    PAIRS,
    POST,
    PROPERTY,
    READ,
    REMOVE,
    REPLACE,
    REQUEST,
    RESPONSE,
    SET_PAIRS,
    SIZE,
    TRAILERS,
    VALUE,
    Case,
    changed,
    dump,
    reply,
)
from messages import a_request, a_response
from scripted_guest import OUT, call, module, tell, trap
from wasmkit.abi.pairs import encode_pairs
from wasmkit.profiles import envoy_profile, newest_envoy
from wasmkit.traffic.model import Exchange

RULES = newest_envoy().headers
NOT_FROM_CLIENTS = RULES.not_from_clients

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
    "bytes that are not ASCII": changed(b"x", b"\xc3\xa9 \xff"),
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
        a_request("GET", "http", "a.test", "/", ((name, "a"), (name, "b"))),
        a_response(200, ((name, "a"), (name, "b")), b"x"),
    )
    for name in sorted(
        {
            name.decode()
            for name in RULES.joined_in_requests | RULES.joined_in_responses | NOT_FROM_CLIENTS
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
                    for name in sorted(RULES.joined_in_requests | NOT_FROM_CLIENTS)
                    if name not in (b"content-length", b"transfer-encoding")
                    for value in (b"a", b"b")
                ),
                dump(REQUEST),
            ],
            response_headers=[
                *(
                    call(ADD, RESPONSE, name, value)
                    for name in sorted(RULES.joined_in_responses)
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

WASI = [
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
NEWER = envoy_profile("1.39").wasi - envoy_profile("1.36").wasi

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
    "WASI": Case(module(configure=[step for step in WASI if step.function not in NEWER]), ()),
    "all of WASI": Case(module(configure=WASI), (), since="1.39"),
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
