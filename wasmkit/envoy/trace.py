"""The calls between Envoy and a filter, read from Envoy's log at level trace.

Envoy writes four lines for a host call that is made in a callback::

    [host->vm] proxy_on_request_headers(2, 7, 0)
    [vm->host] env.proxy_get_property(1024, 12, 512, 516)
    [vm<-host] env.proxy_get_property return: 0
    [host<-vm] proxy_on_request_headers return: 0

A guest's own log lines begin otherwise, so none of them passes for one of these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmkit.abi.trace import Tracer
    from wasmkit.envoy.log import LogRecord

__all__ = ["is_trace", "read_trace"]

_BEGIN = re.compile(rb"\[(host->vm|vm->host)\] (?:\w+\.)?(\w+)\(([\d, ]*)\)")
_END = re.compile(rb"\[(?:host<-vm|vm<-host)\] (?:\w+\.)?(\w+) return: (\d+|void)")


def is_trace(record: LogRecord) -> bool:
    """Return whether a record is in the form in which Envoy tells of calls."""
    return record.logger == "wasm" and record.message.startswith(b"[")


def read_trace(record: LogRecord, tracer: Tracer) -> bool:
    """Tell the tracer what a record says of a call; return whether it says something of one."""
    if not is_trace(record):
        return False
    if (begin := _BEGIN.fullmatch(record.message)) is not None:
        direction, name, text = begin.groups()
        arguments = tuple(map(int, text.split(b", "))) if text else ()
        note = tracer.callback if direction == b"host->vm" else tracer.host_call
        note(name.decode(), arguments)
        return True
    if (end := _END.fullmatch(record.message)) is not None:
        name, result = end.groups()
        tracer.returned(name.decode(), None if result == b"void" else int(result))
        return True
    return False
