"""Cases of agreement about the course of a stream: order, replies, traps, pauses, bodies."""

from __future__ import annotations

from agreement.parts import (
    ADD,
    BIG,
    CALLBACKS,
    CLOSE,
    CONTINUE,
    GET,
    GRPC,
    MEASURED,
    POST,
    READ,
    REMOVE,
    REQUEST,
    REQUEST_TRAILERS,
    RESPONSE,
    RESPONSE_TRAILERS,
    SAY_BODY,
    SIZE,
    STATUS,
    TRAILERS,
    VALUE,
    WHOLE,
    WRITE,
    Case,
    dump,
    reply,
)
from scripted_guest import OUT, call, module, returns, tell, trap
from wasmkit.abi.pairs import encode_pairs

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
    "open": Case(module(request_headers=[trap]), (GET, POST), fail_open=True),
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
    # Envoy sends such a request twice, and the second may come when the exchange is over: so one
    # exchange a case.
    **{
        f"continue {exchange.request.method.decode()} before pausing": Case(
            module(request_headers=[tell(CONTINUE, 0), returns(1)], request_body=[SAY_BODY]),
            (exchange,),
        )
        for exchange in (GET, POST)
    },
    **{
        f"continue {exchange.request.method.decode()} without pausing": Case(
            module(request_headers=[tell(CONTINUE, 0), tell(VALUE, REQUEST, b"x-foo", OUT)]),
            (exchange,),
        )
        for exchange in (GET, POST)
    },
    "continue a response before pausing": Case(
        module(response_headers=[tell(CONTINUE, 1), returns(1)], response_body=[SAY_BODY]),
        (GET, POST),
    ),
    "continue a body before pausing": Case(
        module(request_body=[tell(CONTINUE, 0), returns(1)]), (POST,)
    ),
    "continue what is not HTTP": Case(
        module(request_headers=[tell(CONTINUE, 2), tell(CONTINUE, 3), tell(CONTINUE, 4)]), (GET,)
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
