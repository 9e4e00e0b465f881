"""The host functions at the level of Wasm integers: the imports of module ``env``.

Which exist depends on the module's ABI version, and linking is strict, as in Envoy: a name that
is not in the table, or with another signature, is not linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import BufferType, HeaderMapType, Status, StreamType
from wasmkit.host.protocol import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.calls import Calls
    from wasmkit.host.guest.memory import GuestMemory

__all__ = ["ProxyImports", "proxy_signatures"]

# Letters are parameters (i is i32, I is i64), "!" means that there is no result.
_ALWAYS = {
    "emscripten_notify_memory_growth": "i!",
    "envoy_resolve_dns": "iii",
    "proxy_add_header_map_value": "iiiii",
    "proxy_call_foreign_function": "iiiiii",
    "proxy_define_metric": "iiii",
    "proxy_dequeue_shared_queue": "iii",
    "proxy_done": "",
    "proxy_enqueue_shared_queue": "iii",
    "proxy_get_buffer_bytes": "iiiii",
    "proxy_get_buffer_status": "iii",
    "proxy_get_current_time_nanoseconds": "i",
    "proxy_get_header_map_pairs": "iii",
    "proxy_get_header_map_size": "ii",
    "proxy_get_header_map_value": "iiiii",
    "proxy_get_metric": "ii",
    "proxy_get_property": "iiii",
    "proxy_get_shared_data": "iiiii",
    "proxy_get_status": "iii",
    "proxy_grpc_call": "iiiiiiiiiiii",
    "proxy_grpc_cancel": "i",
    "proxy_grpc_close": "i",
    "proxy_grpc_send": "iiii",
    "proxy_grpc_stream": "iiiiiiiii",
    "proxy_http_call": "iiiiiiiiii",
    "proxy_increment_metric": "iI",
    "proxy_log": "iii",
    "proxy_record_metric": "iI",
    "proxy_register_shared_queue": "iii",
    "proxy_remove_header_map_value": "iii",
    "proxy_replace_header_map_value": "iiiii",
    "proxy_resolve_shared_queue": "iiiii",
    "proxy_send_local_response": "iiiiiiii",
    "proxy_set_buffer_bytes": "iiiii",
    "proxy_set_effective_context": "i",
    "proxy_set_header_map_pairs": "iii",
    "proxy_set_property": "iiii",
    "proxy_set_shared_data": "iiiii",
    "proxy_set_tick_period_milliseconds": "i",
    "pthread_equal": "ii",
}
_SINCE_0_2_0 = {"proxy_continue_stream": "i", "proxy_close_stream": "i"}
_BY_VERSION = {
    "0.1.0": {
        "proxy_get_configuration": "ii",
        "proxy_continue_request": "",
        "proxy_continue_response": "",
        "proxy_clear_route_cache": "",
    },
    "0.2.0": _SINCE_0_2_0,
    "0.2.1": _SINCE_0_2_0 | {"proxy_get_log_level": "i"},
}


def proxy_signatures(abi_version: str) -> dict[str, str]:
    """Return the functions that Envoy has in ``env`` for a version, with their parameters."""
    return _ALWAYS | _BY_VERSION[abi_version]


class ProxyImports:
    """Turns addresses and lengths into values for ``Calls``, and results back.

    Methods are named as the imports; ``function`` finds one. One that this host does not carry
    out yet answers ``UNIMPLEMENTED``.
    """

    def __init__(self, calls: Calls, memory: GuestMemory) -> None:
        self._calls = calls
        self._memory = memory

    def function(self, name: str) -> Callable[..., int | None]:
        """Return the host function of that name; a status is returned, never raised."""
        method: Callable[..., int | None] | None = getattr(self, name, None)
        if method is None:
            return _unimplemented

        def function(*arguments: int) -> int | None:
            try:
                return method(*arguments)
            except CallError as error:
                return error.status

        return function

    def emscripten_notify_memory_growth(self, memory: int) -> None:
        """Nothing to do: the memory's size is read anew for each call."""

    def pthread_equal(self, left: int, right: int) -> int:
        """Compare two thread numbers."""
        return int(left == right)

    def proxy_log(self, level: int, message: int, size: int) -> int:
        """``log``."""
        self._calls.log(level, self._memory.read(message, size))
        return Status.OK

    def proxy_get_log_level(self, out: int) -> int:
        """``get_log_level``."""
        self._memory.write_u32(out, self._calls.get_log_level())
        return Status.OK

    def proxy_get_current_time_nanoseconds(self, out: int) -> int:
        """``get_current_time_nanoseconds``."""
        self._memory.write_u64(out, self._calls.get_current_time_nanoseconds())
        return Status.OK

    def proxy_get_header_map_value(
        self, kind: int, name: int, name_size: int, out: int, size_out: int
    ) -> int:
        """``get_header_map_value``."""
        _check(kind, HeaderMapType)
        value = self._calls.get_header_map_value(kind, self._memory.read(name, name_size))
        self._memory.give(value, out, size_out)
        return Status.OK

    def proxy_add_header_map_value(
        self, kind: int, name: int, name_size: int, value: int, value_size: int
    ) -> int:
        """``add_header_map_value``."""
        _check(kind, HeaderMapType)
        read = self._memory.read
        self._calls.add_header_map_value(kind, read(name, name_size), read(value, value_size))
        return Status.OK

    def proxy_replace_header_map_value(
        self, kind: int, name: int, name_size: int, value: int, value_size: int
    ) -> int:
        """``replace_header_map_value``."""
        _check(kind, HeaderMapType)
        read = self._memory.read
        self._calls.replace_header_map_value(kind, read(name, name_size), read(value, value_size))
        return Status.OK

    def proxy_remove_header_map_value(self, kind: int, name: int, name_size: int) -> int:
        """``remove_header_map_value``."""
        _check(kind, HeaderMapType)
        self._calls.remove_header_map_value(kind, self._memory.read(name, name_size))
        return Status.OK

    def proxy_get_header_map_pairs(self, kind: int, out: int, size_out: int) -> int:
        """``get_header_map_pairs``."""
        self._memory.give(self._calls.get_header_map_pairs(kind), out, size_out)
        return Status.OK

    def proxy_set_header_map_pairs(self, kind: int, pairs: int, size: int) -> int:
        """``set_header_map_pairs``."""
        _check(kind, HeaderMapType)
        self._calls.set_header_map_pairs(kind, self._memory.read(pairs, size))
        return Status.OK

    def proxy_get_header_map_size(self, kind: int, out: int) -> int:
        """``get_header_map_size``."""
        self._memory.write_u32(out, self._calls.get_header_map_size(kind))
        return Status.OK

    def proxy_get_buffer_status(self, kind: int, size_out: int, flags_out: int) -> int:
        """``get_buffer_status``; no flags are defined."""
        size = self._calls.get_buffer_status(kind)
        self._memory.write_u32(size_out, size)
        self._memory.write_u32(flags_out, 0)
        return Status.OK

    def proxy_get_buffer_bytes(
        self, kind: int, start: int, size: int, out: int, size_out: int
    ) -> int:
        """``get_buffer_bytes``."""
        self._memory.give(self._calls.get_buffer_bytes(kind, start, size), out, size_out)
        return Status.OK

    def proxy_set_buffer_bytes(
        self, kind: int, start: int, size: int, data: int, data_size: int
    ) -> int:
        """``set_buffer_bytes``."""
        _check(kind, BufferType)
        self._calls.set_buffer_bytes(kind, start, size, self._memory.read(data, data_size))
        return Status.OK

    def proxy_get_property(self, path: int, path_size: int, out: int, size_out: int) -> int:
        """``get_property``."""
        value = self._calls.get_property(self._memory.read(path, path_size))
        self._memory.give(value, out, size_out)
        return Status.OK

    def proxy_set_property(self, path: int, path_size: int, value: int, value_size: int) -> int:
        """``set_property``."""
        read = self._memory.read
        self._calls.set_property(read(path, path_size), read(value, value_size))
        return Status.OK

    def proxy_send_local_response(
        self,
        *arguments: int,
    ) -> int:
        """``send_local_response``."""
        status, details, details_size, body, body_size, pairs, pairs_size, grpc_status = arguments
        read = self._memory.read
        self._calls.send_local_response(
            status,
            read(details, details_size),
            read(body, body_size),
            read(pairs, pairs_size),
            grpc_status,
        )
        return Status.OK

    def proxy_continue_stream(self, kind: int) -> int:
        """``continue_stream``."""
        self._calls.continue_stream(kind)
        return Status.OK

    def proxy_close_stream(self, kind: int) -> int:
        """``close_stream``."""
        self._calls.close_stream(kind)
        return Status.OK

    def proxy_continue_request(self) -> int:
        """ABI 0.1.0's ``continue_stream``."""
        return self.proxy_continue_stream(StreamType.REQUEST)

    def proxy_continue_response(self) -> int:
        """ABI 0.1.0's ``continue_stream``."""
        return self.proxy_continue_stream(StreamType.RESPONSE)

    def proxy_clear_route_cache(self) -> int:
        """Nothing to do: there is one route."""
        return Status.OK

    def proxy_get_configuration(self, out: int, size_out: int) -> int:
        """ABI 0.1.0's way to the plugin's configuration."""
        kind = BufferType.PLUGIN_CONFIGURATION
        self._memory.give(self._calls.get_buffer_bytes(kind, 0, 0xFFFF_FFFF), out, size_out)
        return Status.OK

    def proxy_set_effective_context(self, context_id: int) -> int:
        """``set_effective_context``."""
        self._calls.set_effective_context(context_id)
        return Status.OK

    def proxy_set_tick_period_milliseconds(self, period: int) -> int:
        """``set_tick_period_milliseconds``."""
        self._calls.set_tick_period_milliseconds(period)
        return Status.OK

    def proxy_done(self) -> int:
        """``done``."""
        self._calls.done()
        return Status.OK


def _check(kind: int, kinds: type[HeaderMapType | BufferType]) -> None:
    """Refuse an unknown number before memory is looked at, as Envoy does."""
    if kind >= len(kinds):
        raise CallError(Status.BAD_ARGUMENT)


def _unimplemented(*_: int) -> int:
    return Status.UNIMPLEMENTED
