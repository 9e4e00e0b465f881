"""What every context of a VM can do, and what contexts and host calls may ask of their VM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wasmkit.abi.constants import BufferType, HeaderMapType, LogLevel, Status, StreamType
from wasmkit.host.protocol import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.host.buffer import Buffer
    from wasmkit.host.limits import Limits
    from wasmkit.host.protocol import Guest
    from wasmkit.host.world import Timer, World
    from wasmkit.http.headers import HeaderMap
    from wasmkit.http.message import Pair
    from wasmkit.plugin import PluginConfig, VmConfig
    from wasmkit.profiles import Profile

__all__ = ["Context", "VmInterface"]

_MILLISECOND = 1_000_000


class VmInterface(Protocol):
    """A VM as its contexts and its host calls see it."""

    config: VmConfig
    world: World
    profile: Profile
    limits: Limits
    guest: Guest
    trap: str

    def add_context(self, context: Context) -> int:
        """Give a context a number, by which the guest may refer to it from now on."""
        ...

    def remove_context(self, context: Context) -> None:
        """Forget a context."""
        ...

    @property
    def effective_context(self) -> Context:
        """The context on which host calls act."""
        ...

    def set_effective_context(self, context_id: int) -> bool:
        """Choose it until the running callback returns; return whether it exists."""
        ...

    def can_call(self, name: str) -> bool:
        """Return whether a callback is exported by a guest that has not failed."""
        ...

    def invoke(self, context: Context, name: str, *arguments: int, absent: int = 0) -> int:
        """Call a callback for a context; return its result, ``absent`` if it is not exported."""
        ...

    def stop_iteration(self) -> None:
        """Make the running callback's result count as "stop", whatever it is."""
        ...

    @property
    def iteration_stopped(self) -> bool:
        """Whether it does; to be read before ``run_deferred``."""
        ...

    def defer(self, action: Callable[[], None]) -> None:
        """Do something as soon as the running callback has returned."""
        ...

    def run_deferred(self) -> None:
        """Do what was deferred."""
        ...

    def log(self, level: LogLevel, message: bytes) -> None:
        """Hand on a line that the guest logged."""
        ...


class Context:
    """A context that the guest knows by its number; one without a stream can do little.

    ``plugin`` is the plugin that it belongs to. ``parent`` is a stream's root context; a root
    context, and the VM's own context, have none.
    """

    def __init__(
        self, vm: VmInterface, plugin: PluginConfig, parent: Context | None = None
    ) -> None:
        self.vm = vm
        self.plugin = plugin
        self.parent = parent
        self.id = vm.add_context(self)
        self.created = False
        self._tick_period = 0
        self._timer: Timer | None = None
        self._last_buffer: Buffer | bytes = b""

    @property
    def root(self) -> Context:
        """The root context above this one, or this one itself."""
        return self.parent or self

    def create(self) -> None:
        """Tell the guest of the context, once."""
        if not self.created:
            self.created = True
            self.notify("proxy_on_context_create", self.parent.id if self.parent else 0)

    def notify(self, name: str, *arguments: int, absent: int = 0) -> int:
        """Call a callback of this context and do what it deferred; return its result."""
        result = self.vm.invoke(self, name, *arguments, absent=absent)
        self.vm.run_deferred()
        return result

    def set_tick_period(self, milliseconds: int) -> None:
        """Call ``on_tick`` that often from now on; 0 stops it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tick_period = milliseconds
        if milliseconds and self.vm.can_call("proxy_on_tick"):
            self._timer = self.vm.world.schedule(milliseconds * _MILLISECOND, self._tick)

    def _tick(self) -> None:
        self.notify("proxy_on_tick")
        # Armed anew when the tick is over: one that is late is not made up for.
        self.set_tick_period(self._tick_period)

    def header_map(self, map_type: HeaderMapType, *, change: bool) -> HeaderMap | None:
        """Return a header map if it may be read, or changed, now."""
        del map_type, change
        return None

    def no_map_status(self, *, change: bool) -> Status:
        """Return the status of a call that needs a map which is out of reach now."""
        del change
        return Status.BAD_ARGUMENT

    def buffer(self, buffer_type: BufferType) -> Buffer | bytes | None:
        """Return a buffer, ``bytes`` if it cannot be changed, None if it is out of reach now.

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
            return self.vm.config.configuration
        if buffer_type in (BufferType.PLUGIN_CONFIGURATION, BufferType.HTTP_CALL_RESPONSE_BODY):
            return None
        return b""

    def get_property(self, path: bytes) -> bytes:
        """Return a property's serialized value."""
        known = {
            b"plugin_name": self.plugin.name,
            b"plugin_root_id": self.plugin.root_id,
            b"plugin_vm_id": self.vm.config.vm_id,
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
        """Answer a request: without one, nothing happens."""

    def continue_stream(self, stream_type: StreamType) -> None:
        """Continue a stream: without one, nothing happens."""
        if stream_type is StreamType.UPSTREAM:
            raise CallError(Status.UNIMPLEMENTED)

    def close_stream(self, stream_type: StreamType) -> None:
        """Close a stream: without one, nothing happens."""

    def finish_done(self) -> bool:
        """Finish a shutdown that ``on_done`` put off; return whether one was pending."""
        return False
