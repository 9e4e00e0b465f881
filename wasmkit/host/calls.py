"""The host functions at the level of Python values: bytes in, bytes out.

A method is the implementation of the row of its name in ``wasmkit.abi.functions``, without
``proxy_``: what the row's parameters give goes in, what the host writes comes out.
Wasm's integers are turned into these by ``imports``; the SDK in this process calls them directly.
A call acts on the *effective* context: that of the running callback, or the one that the guest
chose. A status other than OK is raised as ``CallError``.

Functions of the ABI that are missing here (calls to other services, shared data, metrics) exist
for a module's linking and answer ``UNIMPLEMENTED``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import BufferType, HeaderMapType, LogLevel, Status, StreamType
from wasmkit.abi.pairs import MAX_PAIRS, MAX_PAIRS_BYTES, decode_pairs, encode_pairs
from wasmkit.host.buffer import Buffer
from wasmkit.host.protocol import CallError, GuestTrapError

if TYPE_CHECKING:
    from wasmkit.host.contexts.base import Context, VmInterface
    from wasmkit.http.headers import HeaderMap
    from wasmkit.http.message import Pair

__all__ = ["Calls"]

_ENTRY_OVERHEAD = 64
"""What an entry costs the host beside its bytes, so that empty ones are not free."""


class Calls:
    """What a guest may ask of the host; one object for each VM."""

    def __init__(self, vm: VmInterface) -> None:
        self._vm = vm
        self._spent = 0

    @property
    def _context(self) -> Context:
        return self._vm.effective_context

    def reset_budget(self) -> None:
        """Begin a new stream: what the last one made the host keep is gone."""
        self._spent = 0

    def _spend(self, size: int) -> None:
        self._spent += size + _ENTRY_OVERHEAD
        if self._spent > self._vm.limits.host_bytes:
            raise GuestTrapError(
                f"the filter made the host keep more than {self._vm.limits.host_bytes:,} bytes"
            )

    # Logging, time, environment

    def log(self, level: int, message: bytes) -> None:
        """Log a message; a level above critical is refused."""
        if level > LogLevel.CRITICAL:
            raise CallError(Status.BAD_ARGUMENT)
        self._spend(len(message))
        self._vm.log(LogLevel(level), message)

    def get_log_level(self) -> int:
        """Return the lowest level that is kept: all are."""
        return LogLevel.TRACE

    def get_current_time_nanoseconds(self) -> int:
        """Return the wall clock."""
        return self._vm.world.now

    def get_monotonic_time_nanoseconds(self) -> int:
        """Return the clock that nobody sets."""
        return self._vm.world.monotonic

    def get_random(self, size: int) -> bytes:
        """Return random bytes."""
        return self._vm.world.random_bytes(size)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the VM."""
        return dict(self._vm.config.environment)

    # Header maps

    def _map(self, map_type: int, *, change: bool) -> HeaderMap:
        headers = self._context.header_map(_header_map_type(map_type), change=change)
        if headers is None:
            raise CallError(self._context.no_map_status(change=change))
        return headers

    def get_header_map_value(self, map_type: int, name: bytes) -> bytes:
        """Return a header's first value."""
        value = self._map(map_type, change=False).get(name)
        if value is not None:
            return value
        if self._vm.guest.abi_version == "0.1.0":
            return b""
        raise CallError(Status.NOT_FOUND)

    def add_header_map_value(self, map_type: int, name: bytes, value: bytes) -> None:
        """Add a header."""
        headers = self._map(map_type, change=True)
        self._spend(len(name) + len(value))
        headers.add(name, value)

    def replace_header_map_value(self, map_type: int, name: bytes, value: bytes) -> None:
        """Put one header in place of all of that name."""
        headers = self._map(map_type, change=True)
        self._spend(len(name) + len(value))
        headers.replace(name, value)

    def remove_header_map_value(self, map_type: int, name: bytes) -> None:
        """Remove a header; one that is absent is passed over."""
        self._map(map_type, change=True).remove(name)

    def get_header_map_pairs(self, map_type: int) -> bytes:
        """Return the map in the ABI's form; empty if it is empty or out of reach now."""
        headers = self._context.header_map(_header_map_type(map_type), change=False)
        return encode_pairs(headers.pairs) if headers else b""

    def set_header_map_pairs(self, map_type: int, pairs: bytes) -> None:
        """Put other headers in place of all; malformed ones clear the map."""
        headers = self._map(map_type, change=True)
        decoded = _pairs(pairs)
        self._spend(len(pairs))
        headers.replace_all(decoded)

    def get_header_map_size(self, map_type: int) -> int:
        """Return the sum of names' and values' lengths, as Envoy does."""
        return self._map(map_type, change=True).byte_size

    # Buffers

    def _buffer(self, buffer_type: int) -> Buffer | bytes:
        if buffer_type > BufferType.CALL_DATA:
            raise CallError(Status.BAD_ARGUMENT)
        buffer = self._context.buffer(BufferType(buffer_type))
        if buffer is None:
            raise CallError(Status.NOT_FOUND)
        return buffer

    def get_buffer_status(self, buffer_type: int) -> int:
        """Return a buffer's length."""
        return len(self._buffer(buffer_type))

    def get_buffer_bytes(self, buffer_type: int, start: int, size: int) -> bytes:
        """Return a part of a buffer, cut where the buffer ends."""
        buffer = self._buffer(buffer_type)
        if isinstance(buffer, Buffer):
            return buffer.read(start, size)
        return buffer[start : start + size]

    def set_buffer_bytes(self, buffer_type: int, start: int, size: int, data: bytes) -> None:
        """Replace at the front of a body, or append to it."""
        buffer = self._buffer(buffer_type)
        self._spend(len(data))
        if isinstance(buffer, bytes) or not buffer.write(start, size, data):
            raise CallError(Status.BAD_ARGUMENT)

    def get_configuration(self) -> bytes:
        """Return the plugin's configuration; ABI 0.1.0 has no buffer for it."""
        return self.get_buffer_bytes(BufferType.PLUGIN_CONFIGURATION, 0, 0xFFFF_FFFF)

    # Properties

    def get_property(self, path: bytes) -> bytes:
        """Return a property's serialized value; the path's parts are separated by NUL."""
        return self._context.get_property(path)

    def set_property(self, path: bytes, value: bytes) -> None:
        """Keep a value for the rest of the stream."""
        self._spend(len(path) + len(value))
        self._context.set_property(path, value)

    # The stream

    def send_local_response(
        self, status: int, details: bytes, body: bytes, pairs: bytes, grpc_status: int
    ) -> None:
        """Answer the request when the running callback has returned; its result is then ignored."""
        headers = _pairs(pairs)
        self._spend(len(body) + len(pairs))
        self._context.send_local_response(
            status, b"_".join(details.split()), body, headers, grpc_status
        )
        self._vm.stop_iteration()

    def continue_stream(self, stream_type: int) -> None:
        """Go on with a paused half of the stream when the running callback has returned."""
        self._context.continue_stream(_stream_type(stream_type))

    def close_stream(self, stream_type: int) -> None:
        """Reset the stream when the running callback has returned."""
        self._context.close_stream(_stream_type(stream_type))

    def continue_request(self) -> None:
        """ABI 0.1.0's ``continue_stream``."""
        self.continue_stream(StreamType.REQUEST)

    def continue_response(self) -> None:
        """ABI 0.1.0's ``continue_stream``."""
        self.continue_stream(StreamType.RESPONSE)

    def clear_route_cache(self) -> None:
        """Do nothing: there is one route."""

    # The VM

    def set_effective_context(self, context_id: int) -> None:
        """Let further calls of the running callback act on another context."""
        if not self._vm.set_effective_context(context_id):
            raise CallError(Status.BAD_ARGUMENT)

    def set_tick_period_milliseconds(self, period: int) -> None:
        """Call ``on_tick`` that often; 0 stops it."""
        self._context.root.set_tick_period(period)

    def done(self) -> None:
        """Say that a root context whose ``on_done`` returned false is done now."""
        if not self._context.finish_done():
            raise CallError(Status.NOT_FOUND)

    # What compilers expect of a host

    def pthread_equal(self, left: int, right: int) -> int:
        """Compare two thread numbers."""
        return int(left == right)

    def emscripten_notify_memory_growth(self, memory: int) -> None:
        """Do nothing: the memory's size is read anew for each call."""


def _header_map_type(number: int) -> HeaderMapType:
    if number > HeaderMapType.HTTP_CALL_RESPONSE_TRAILERS:
        raise CallError(Status.BAD_ARGUMENT)
    return HeaderMapType(number)


def _stream_type(number: int) -> StreamType:
    if number > StreamType.UPSTREAM:
        raise CallError(Status.BAD_ARGUMENT)
    return StreamType(number)


def _pairs(data: bytes) -> list[Pair]:
    """Read pairs as Envoy does: what is malformed or too large counts as no pairs."""
    if len(data) > MAX_PAIRS_BYTES:
        return []
    try:
        pairs = decode_pairs(data)
    except ValueError:
        return []
    return pairs if len(pairs) <= MAX_PAIRS else []
