"""The template's filter as an app of componentize-py, without an SDK."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass

# componentize-py generates these modules when it builds the app.
import wit_world  # type: ignore[import-not-found]  # generated
from componentize_py_types import Err  # type: ignore[import-not-found]  # generated
from wit_world.imports import host  # type: ignore[import-not-found]  # generated

PLUGIN_CONFIGURATION = 7
RESPONSE_HEADERS = 2
ERROR = 4
OK = 0


@dataclass
class Config:
    header: str = "x-hello"
    value: str = "world"


class Hello:
    def __init__(self, config: Config) -> None:
        self.config = config

    def on_response_headers(self) -> None:
        header, value = self.config.header.encode(), self.config.value.encode()
        status = host.replace_header_map_value(RESPONSE_HEADERS, header, value)
        if status != OK:
            raise RuntimeError(f"proxy_replace_header_map_value: {status}")


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # its base is generated
    def __init__(self) -> None:
        self._config = Config()
        self._contexts: dict[int, Hello] = {}

    def proxy_on_context_create(self, context: int, parent: int) -> None:
        if parent:
            self._contexts[context] = Hello(self._config)

    def proxy_on_vm_start(self, root: int, size: int) -> int:
        return 1

    def proxy_on_configure(self, root: int, size: int) -> int:
        try:
            data = host.get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size)
            self._config = Config(**json.loads(data))
        except (Err, ValueError, TypeError):
            host.log(ERROR, traceback.format_exc())
            return 0
        return 1

    def proxy_on_response_headers(self, context: int, count: int, end_of_stream: int) -> int:
        try:
            self._contexts[context].on_response_headers()
        except RuntimeError:
            host.log(ERROR, traceback.format_exc())
        return 0

    def proxy_on_delete(self, context: int) -> None:
        self._contexts.pop(context, None)
