"""Cases of agreement about time: clocks, ticks, clients that give up."""

from __future__ import annotations

from agreement.parts import (
    CLOSE,
    CONTINUE,
    GET,
    POST,
    PROPERTY,
    READ,
    REQUEST,
    RESPONSE,
    SAY_BODY,
    TRAILERS,
    VALUE,
    WRITE,
    Case,
    dump,
    reply,
)
from agreement.values import ASK_ALL
from scripted_guest import OUT, call, module, returns, tell, trap

CLOCK = "proxy_get_current_time_nanoseconds"
PERIOD = "proxy_set_tick_period_milliseconds"
EFFECTIVE = "proxy_set_effective_context"

# Set in a stream, so that the timer does not fire before there is one.
STOP = [call(PERIOD, 20), returns(1)]
TO_STREAM = tell(EFFECTIVE, 2)
NO_MORE = call(PERIOD, 0)

CLOCKS = {
    "read": Case(
        module(
            configure=[tell(CLOCK, 8), tell(CLOCK, -4)],
            request_headers=[tell(CLOCK, 8), tell("clock_time_get", 0, 0, 8)],
        ),
        (GET,),
    ),
}

TICKS = {
    "continue the request": Case(
        module(
            request_headers=STOP,
            request_body=[tell(READ, 0, 0, 9, OUT)],
            tick=[TO_STREAM, tell(VALUE, REQUEST, b":path", OUT), call(CONTINUE, 0), NO_MORE],
        ),
        (POST,),
    ),
    "continue the request, whose body stops": Case(
        module(
            request_headers=STOP,
            request_body=[tell(READ, 0, 0, 9, OUT), returns(1)],
            tick=[TO_STREAM, call(CONTINUE, 0), NO_MORE],
            log=[dump(REQUEST)],
        ),
        (POST, TRAILERS),
    ),
    "continue a body": Case(
        module(
            request_body=STOP,
            tick=[
                *(TO_STREAM, tell(READ, 0, 0, 99, OUT), tell(WRITE, 0, 0, 99, b"NEW")),
                *(call(CONTINUE, 0), NO_MORE),
            ],
        ),
        (POST, TRAILERS),
    ),
    "continue the response": Case(
        module(
            response_headers=STOP,
            response_body=[tell(READ, 1, 0, 9, OUT)],
            tick=[TO_STREAM, tell(VALUE, RESPONSE, b":status", OUT), call(CONTINUE, 1), NO_MORE],
        ),
        (GET,),
    ),
    "answer": Case(
        module(
            request_headers=STOP,
            request_body=[SAY_BODY],
            response_headers=[dump(RESPONSE)],
            tick=[TO_STREAM, reply(), NO_MORE],
            log=ASK_ALL,
        ),
        (POST,),
    ),
    "close": Case(
        module(request_headers=STOP, tick=[TO_STREAM, call(CLOSE, 0), NO_MORE], log=ASK_ALL),
        (POST,),
    ),
    "trap": Case(module(request_headers=STOP, tick=[trap], log=ASK_ALL), (POST, GET)),
    "look at the stream": Case(
        module(
            request_headers=STOP,
            tick=[
                *(tell(EFFECTIVE, 9), TO_STREAM, tell(PROPERTY, b"request\0duration", OUT)),
                *(call(CLOSE, 0), NO_MORE),
            ],
        ),
        (GET,),
    ),
}

GIVEN_UP = {
    f"in {name}": Case(
        module({name: [returns(1)], "log": [dump(REQUEST), dump(RESPONSE), *ASK_ALL]}), (TRAILERS,)
    )
    for name in (
        *("request_headers", "request_body", "request_trailers"),
        *("response_headers", "response_body", "response_trailers"),
    )
} | {
    "behind a local reply": Case(
        module(
            request_headers=[reply()],
            request_body=[SAY_BODY],
            request_trailers=[SAY_BODY],
            response_headers=[returns(1)],
            log=ASK_ALL,
        ),
        (POST, TRAILERS),
    ),
}
