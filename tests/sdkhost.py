"""A host in memory: every call of the boundary over dicts, with Envoy's statuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmkit.abi.constants import Status
from wasmkit.abi.pairs import decode_pairs, encode_pairs
from wasmkit.sdk import _dispatch, _host

if TYPE_CHECKING:
    from wasmkit.sdk import HttpFilter

ROOT = 1


@dataclass
class Reply:
    """A local reply as it reached the host."""

    context: int
    status: int
    details: str
    body: bytes
    headers: list[tuple[bytes, bytes]]
    grpc_status: int


@dataclass
class MemoryHost:
    """``HostCalls`` in memory; a map or buffer that is not in its dict is out of its phase."""

    maps: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    buffers: dict[int, bytes] = field(default_factory=dict)
    attributes: dict[bytes, bytes] = field(default_factory=dict)
    environment: bytes = b""
    logs: list[tuple[int, str]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    continued: list[tuple[int, int]] = field(default_factory=list)
    closed: list[tuple[int, int]] = field(default_factory=list)
    ticks: list[tuple[int, int]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    context: int = 0
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        """Let it pass for ``HostCalls`` whatever is added there: tests call what is here."""
        raise AttributeError(name)

    def _map(self, map_type: int) -> list[tuple[str, str]]:
        self.calls += 1
        if map_type not in self.maps:
            raise _host.HostError(Status.BAD_ARGUMENT)
        return self.maps[map_type]

    def proxy_log(self, level: int, message: str, /) -> None:
        self.logs.append((int(level), message))

    def proxy_get_header_map_value(self, map_type: int, key: str, /) -> str | None:
        return next((v for k, v in self._map(map_type) if k == key.lower()), None)

    def proxy_add_header_map_value(self, map_type: int, key: str, value: str, /) -> None:
        self._map(map_type).append((key.lower(), value))

    def proxy_replace_header_map_value(self, map_type: int, key: str, value: str, /) -> None:
        self.proxy_remove_header_map_value(map_type, key)
        self.proxy_add_header_map_value(map_type, key, value)

    def proxy_remove_header_map_value(self, map_type: int, key: str, /) -> None:
        pairs = self._map(map_type)
        pairs[:] = [(k, v) for k, v in pairs if k != key.lower()]

    def proxy_get_header_map_pairs(self, map_type: int, /) -> bytes:
        pairs = self.maps.get(map_type, [])
        if not pairs:
            return b""
        encode = ("utf-8", "surrogateescape")
        return encode_pairs((k.encode(*encode), v.encode(*encode)) for k, v in pairs)

    def proxy_set_header_map_pairs(self, map_type: int, pairs: bytes, /) -> None:
        self._map(map_type)[:] = [(k.decode().lower(), v.decode()) for k, v in decode_pairs(pairs)]

    def proxy_get_buffer_status(self, buffer_type: int, /) -> int:
        return len(self.buffers.get(buffer_type, b""))

    def proxy_get_buffer_bytes(self, buffer_type: int, start: int, size: int, /) -> bytes:
        self.calls += 1
        return self.buffers.get(buffer_type, b"")[start : start + size]

    def proxy_set_buffer_bytes(
        self, buffer_type: int, start: int, size: int, data: bytes, /
    ) -> None:
        old = self.buffers[buffer_type]
        if start == 0:
            self.buffers[buffer_type] = data + old[size:]
        elif start >= len(old):
            self.buffers[buffer_type] = old + data
        else:
            raise _host.HostError(Status.BAD_ARGUMENT)

    def proxy_send_local_response(
        self, status: int, details: str, body: bytes, pairs: bytes, grpc_status: int, /
    ) -> None:
        headers = decode_pairs(pairs)
        self.replies.append(Reply(self.context, status, details, body, headers, grpc_status))

    def proxy_get_property(self, path: bytes, /) -> bytes | None:
        if path == b"request":
            raise _host.HostError(Status.SERIALIZATION_FAILURE)
        return self.attributes.get(path)

    def proxy_set_property(self, path: bytes, value: bytes, /) -> None:
        self.attributes[path] = value

    def proxy_continue_stream(self, stream_type: int, /) -> None:
        self.continued.append((self.context, int(stream_type)))

    def proxy_close_stream(self, stream_type: int, /) -> None:
        self.closed.append((self.context, int(stream_type)))

    def proxy_set_effective_context(self, context_id: int, /) -> None:
        self.context = context_id

    def proxy_set_tick_period_milliseconds(self, period: int, /) -> None:
        self.ticks.append((self.context, period))

    def proxy_done(self) -> None:
        self.done.append(self.context)

    def environ(self) -> bytes:
        return self.environment


class Vm:
    """A filter class on a ``MemoryHost``, started as Envoy starts it."""

    def __init__(
        self,
        filter_class: type[HttpFilter[Any, Any]],
        configuration: bytes = b"",
        *,
        on_error: str = "close",
        host: MemoryHost | None = None,
    ) -> None:
        self.host = host or MemoryHost()
        _host.bind(self.host)
        _dispatch.start(filter_class, on_error=on_error)
        self.callbacks = _dispatch.callbacks()
        self.host.buffers[7] = configuration
        self.call("context_create", ROOT, 0)
        self.started = self.call("vm_start", ROOT, 0) == 1
        self.configured = self.call("configure", ROOT, len(configuration)) == 1
        del self.host.buffers[7]
        self._next = ROOT

    def call(self, name: str, context: int, *arguments: int) -> int | None:
        """Call an export with the context as the effective one; None if it is not exported."""
        self.host.context = context
        callback = self.callbacks.get(f"proxy_on_{name}")
        return None if callback is None else callback(context, *arguments)

    def stream(self) -> int:
        """Create the next stream context of the root context."""
        self._next += 1
        self.call("context_create", self._next, ROOT)
        return self._next

    def end(self, context: int) -> None:
        """End a stream, in Envoy's order."""
        for name in ("log", "done", "delete"):
            self.call(name, context)

    @property
    def errors(self) -> list[str]:
        """What was logged at error level or above."""
        return [message for level, message in self.host.logs if level >= 4]
