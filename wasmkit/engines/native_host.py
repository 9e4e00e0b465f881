"""The host calls as the SDK makes them in this process: text instead of bytes, errors, None."""

# ruff: noqa: D102  # wasmkit.sdk.embedding.HostCalls says what each method does

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from wasmkit.abi.constants import Status
from wasmkit.host.protocol import CallError
from wasmkit.http.message import as_data, as_text
from wasmkit.sdk import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.host.calls import Calls

__all__ = ["NativeHost"]


class NativeHost:
    """The host calls as ``wasmkit.sdk.embedding.HostCalls`` has them: text, and None for absent."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def proxy_log(self, level: int, message: str, /) -> None:
        with _statuses():
            self._calls.log(level, as_data(message))

    def proxy_get_header_map_value(self, map_type: int, key: str, /) -> str | None:
        try:
            value = self._calls.get_header_map_value(map_type, as_data(key))
        except CallError as error:
            if error.status is Status.NOT_FOUND:
                return None
            raise HostError(error.status) from None
        return as_text(value)

    def proxy_add_header_map_value(self, map_type: int, key: str, value: str, /) -> None:
        with _statuses():
            self._calls.add_header_map_value(map_type, as_data(key), as_data(value))

    def proxy_replace_header_map_value(self, map_type: int, key: str, value: str, /) -> None:
        with _statuses():
            self._calls.replace_header_map_value(map_type, as_data(key), as_data(value))

    def proxy_remove_header_map_value(self, map_type: int, key: str, /) -> None:
        with _statuses():
            self._calls.remove_header_map_value(map_type, as_data(key))

    def proxy_get_header_map_pairs(self, map_type: int, /) -> bytes:
        with _statuses():
            return self._calls.get_header_map_pairs(map_type)

    def proxy_set_header_map_pairs(self, map_type: int, pairs: bytes, /) -> None:
        with _statuses():
            self._calls.set_header_map_pairs(map_type, pairs)

    def proxy_get_buffer_status(self, buffer_type: int, /) -> int:
        with _statuses():
            return self._calls.get_buffer_status(buffer_type)

    def proxy_get_buffer_bytes(self, buffer_type: int, start: int, size: int, /) -> bytes:
        with _statuses():
            return self._calls.get_buffer_bytes(buffer_type, start, size)

    def proxy_set_buffer_bytes(
        self, buffer_type: int, start: int, size: int, data: bytes, /
    ) -> None:
        with _statuses():
            self._calls.set_buffer_bytes(buffer_type, start, size, data)

    def proxy_send_local_response(
        self, status: int, details: str, body: bytes, pairs: bytes, grpc_status: int, /
    ) -> None:
        with _statuses():
            self._calls.send_local_response(
                status & 0xFFFF_FFFF, as_data(details), body, pairs, grpc_status & 0xFFFF_FFFF
            )

    def proxy_get_property(self, path: bytes, /) -> bytes | None:
        try:
            return self._calls.get_property(path)
        except CallError as error:
            if error.status is Status.NOT_FOUND:
                return None
            raise HostError(error.status) from None

    def proxy_set_property(self, path: bytes, value: bytes, /) -> None:
        with _statuses():
            self._calls.set_property(path, value)

    def proxy_continue_stream(self, stream_type: int, /) -> None:
        with _statuses():
            self._calls.continue_stream(stream_type)

    def proxy_close_stream(self, stream_type: int, /) -> None:
        with _statuses():
            self._calls.close_stream(stream_type)

    def proxy_set_effective_context(self, context_id: int, /) -> None:
        with _statuses():
            self._calls.set_effective_context(context_id)

    def proxy_set_tick_period_milliseconds(self, period: int, /) -> None:
        with _statuses():
            self._calls.set_tick_period_milliseconds(period)

    def proxy_done(self) -> None:
        with _statuses():
            self._calls.done()

    def environ(self) -> bytes:
        variables = self._calls.environment.items()
        return b"".join(as_data(f"{name}={value}") + b"\0" for name, value in variables)


@contextmanager
def _statuses() -> Iterator[None]:
    """Turn a status into the SDK's error."""
    try:
        yield
    except CallError as error:
        raise HostError(error.status) from None
