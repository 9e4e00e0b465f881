"""What every context of a VM can do, and all that a root context can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import BufferType, HeaderMapType, Status, StreamType
from wasmkit.host.calls import CallError

if TYPE_CHECKING:
    from wasmkit.host.buffer import Buffer
    from wasmkit.host.plugin import Plugin
    from wasmkit.http.headers import HeaderMap, Pair

__all__ = ["Context", "RootContext"]


class Context:
    """A context that the guest knows by its number; without a stream, little is to be had."""

    def __init__(self, plugin: Plugin, context_id: int, parent_id: int = 0) -> None:
        self.plugin = plugin
        self.id = context_id
        self.parent_id = parent_id
        self.created = False
        self._last_buffer: Buffer | bytes = b""

    def create(self) -> None:
        """Tell the guest of the context, once."""
        if not self.created:
            self.created = True
            self.plugin.invoke(self, "proxy_on_context_create", self.parent_id)
            self.plugin.run_deferred()

    def header_map(self, map_type: HeaderMapType, *, change: bool) -> HeaderMap | None:
        """Return a header map if it may be read, or changed, now."""
        del map_type, change
        return None

    def no_map_status(self, *, change: bool) -> Status:
        """Return the status of a call that needs a map which is not to be had now."""
        del change
        return Status.BAD_ARGUMENT

    def buffer(self, buffer_type: BufferType) -> Buffer | bytes | None:
        """Return a buffer, ``bytes`` if it cannot be changed, None if there is none such now.

        The call data (type 8) is whatever buffer was asked for last, as in Envoy.
        """
        buffer = self._last_buffer
        if buffer_type is not BufferType.CALL_DATA:
            found = self._find_buffer(buffer_type)
            if found is None:
                return None
            buffer = self._last_buffer = found
        return buffer

    def _find_buffer(self, buffer_type: BufferType) -> Buffer | bytes | None:
        if buffer_type is BufferType.VM_CONFIGURATION:
            return self.plugin.settings.vm_configuration
        if buffer_type in (BufferType.PLUGIN_CONFIGURATION, BufferType.HTTP_CALL_RESPONSE_BODY):
            return None
        return b""

    def get_property(self, path: bytes) -> bytes:
        """Return a property's serialized value."""
        settings = self.plugin.settings
        known = {
            b"plugin_name": settings.name,
            b"plugin_root_id": settings.root_id,
            b"plugin_vm_id": settings.vm_id,
        }
        value = known.get(path.rstrip(b"\0"))
        if value is None:
            whole = path in (b"", b"xds")
            raise CallError(Status.SERIALIZATION_FAILURE if whole else Status.NOT_FOUND)
        return value.encode()

    def set_property(self, path: bytes, value: bytes) -> None:
        """Keep a property: only a stream can."""
        del path, value
        raise CallError(Status.NOT_FOUND)

    def send_local_response(
        self, status: int, details: bytes, body: bytes, headers: list[Pair], grpc_status: int
    ) -> None:
        """Answer a request: without one, nothing happens and that is no error."""

    def continue_stream(self, stream_type: StreamType) -> None:
        """Continue a stream: without one, nothing happens."""
        if stream_type is StreamType.UPSTREAM:
            raise CallError(Status.UNIMPLEMENTED)

    def close_stream(self, stream_type: StreamType) -> None:
        """Close a stream: without one, nothing happens."""


class RootContext(Context):
    """The context of a plugin in its VM: start, configuration, ticks."""

    def __init__(self, plugin: Plugin, context_id: int) -> None:
        super().__init__(plugin, context_id)
        self.configuring = False

    def start(self) -> bool:
        """Create the context and start the VM; return whether the guest agreed."""
        self.configuring = True
        self.create()
        self.configuring = False
        started = self.plugin.invoke(
            self, "proxy_on_vm_start", len(self.plugin.settings.vm_configuration), absent=1
        )
        self.plugin.run_deferred()
        return bool(started)

    def configure(self) -> bool:
        """Hand over the configuration; return whether the guest agreed."""
        self.configuring = True
        configured = self.plugin.invoke(
            self, "proxy_on_configure", len(self.plugin.settings.configuration), absent=1
        )
        self.plugin.run_deferred()
        self.configuring = False
        return bool(configured)

    def tick(self) -> None:
        """Let the timer fire once."""
        self.plugin.invoke(self, "proxy_on_tick")
        self.plugin.run_deferred()

    def _find_buffer(self, buffer_type: BufferType) -> Buffer | bytes | None:
        if buffer_type is BufferType.PLUGIN_CONFIGURATION and self.configuring:
            return self.plugin.settings.configuration
        return super()._find_buffer(buffer_type)
