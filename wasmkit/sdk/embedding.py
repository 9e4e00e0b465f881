"""The SDK from the side that runs filters: what an engine and a build need of it.

The order is ``bind`` (a host), ``start`` (the author's class), ``callbacks`` (what the host calls
from then on). A build that freezes the interpreter calls ``install`` before its snapshot; an
engine in an ordinary process redirects output and logging itself, with ``LogStream`` and
``LogHandler``. One interpreter serves one VM: all of this is global.
"""

from __future__ import annotations

from wasmkit.sdk._dispatch import CALLBACK_NAMES, Callback, callbacks, start
from wasmkit.sdk._host import HostCalls, HostError, bind
from wasmkit.sdk._runtime import (
    LogHandler,
    LogStream,
    import_companions,
    install,
    remember_source,
)

__all__ = [
    "CALLBACK_NAMES",
    "Callback",
    "HostCalls",
    "HostError",
    "LogHandler",
    "LogStream",
    "bind",
    "callbacks",
    "import_companions",
    "install",
    "remember_source",
    "start",
]
