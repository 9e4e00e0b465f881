"""What the author of a filter imports.

A filter is a subclass of ``HttpFilter``; its configuration is a dataclass::

    from dataclasses import dataclass

    from wasmkit.sdk import Headers, HttpFilter


    @dataclass
    class Config:
        header: str = "x-hello"
        value: str = "world"


    class Hello(HttpFilter[Config]):
        def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
            headers[self.config.header] = self.config.value

Logging goes through ``logging`` and ``print`` to the host's log. The same code runs in Wasm and
in ordinary Python, where a debugger can stop in it. Import what you need at module level: a
module is built from what has been imported by then.
"""

from __future__ import annotations

from wasmkit.abi.constants import Action
from wasmkit.sdk._body import Body
from wasmkit.sdk._configuration import ConfigurationError
from wasmkit.sdk._context import HttpFilter, RootContext
from wasmkit.sdk._headers import Headers
from wasmkit.sdk._host import HostError
from wasmkit.sdk._properties import Properties

__all__ = [
    "Action",
    "Body",
    "ConfigurationError",
    "Headers",
    "HostError",
    "HttpFilter",
    "Properties",
    "RootContext",
]
