"""What the cases of agreement are made of: exchanges, the words of the ABI, a case."""

from __future__ import annotations

from dataclasses import dataclass

from messages import a_request, a_response
from scripted_guest import OUT, call, module, tell
from wasmkit.traffic.model import Exchange

CALLBACKS = (
    *("request_headers", "request_body", "request_trailers"),
    *("response_headers", "response_body", "response_trailers"),
    *("context_create", "vm_start", "configure", "log", "done", "delete"),
)

GET = Exchange(
    a_request("GET", "http", "a.test", "/x?y=1", (("x-foo", "1"), ("x-foo", "2"))),
    a_response(
        200,
        (("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2")),
        b"hello",
    ),
)
POST = Exchange(
    a_request("POST", "https", "a.test", "/p", (("content-type", "text/plain"),), b"body"),
    a_response(404),
)
HEAD = Exchange(
    a_request("HEAD", "http", "a.test", "/p"), a_response(200, (("content-length", "5"),))
)
HANGS_UP = Exchange(a_request("GET", "http", "a.test", "/gone"), None)
TRAILERS = Exchange(
    a_request("POST", "http", "a.test", "/t", (), b"abc", (("x-t", "1"),)),
    a_response(200, (), b"resp", (("x-rt", "2"),)),
)
EMPTY_POST = Exchange(a_request("POST", "http", "a.test", "/p"), a_response(204))
MEASURED = Exchange(
    a_request("POST", "http", "a.test", "/m", (("content-length", "1000"),), b"x" * 1000),
    a_response(200, (("content-length", "2000"),), b"y" * 2000),
)
BIG = Exchange(
    a_request("POST", "http", "a.test", "/b", (), b"x" * 3_000_000),
    a_response(200, (), b"y" * 3_000_000),
)
GRPC = Exchange(
    a_request(
        "POST",
        "http",
        "a.test",
        "/g",
        (("content-type", "application/grpc"), ("te", "trailers")),
        b"abc",
    ),
    a_response(200, (("content-type", "application/grpc"),), b"r", (("grpc-status", "0"),)),
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
    fail_open: bool = False
    since: str = "1.36"
    """The first release of Envoy that loads the module."""


def changed(name: bytes, value: bytes) -> Case:
    """Replace one of the request's headers."""
    return Case(module(request_headers=[tell(REPLACE, REQUEST, name, value)]), (GET, POST))
