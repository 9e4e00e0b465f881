"""The filter's context of one HTTP stream: which headers and bodies it may see in which phase.

Follows Envoy's ``source/extensions/common/wasm/context.cc``: a map or body is in reach from
its callback on, and no longer once that callback has let it pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from wasmkit.abi.constants import BufferType, HeaderMapType, Status, StreamType
from wasmkit.host.contexts.actions import DataStatus, HeadersStatus, TrailersStatus
from wasmkit.host.contexts.base import Context
from wasmkit.host.contexts.manager import LocalReply
from wasmkit.host.contexts.properties import VisibleHeaders, find_property
from wasmkit.plugin import FailurePolicy

if TYPE_CHECKING:
    from wasmkit.host.buffer import Buffer
    from wasmkit.host.contexts.base import VmInterface
    from wasmkit.host.contexts.manager import FilterCallbacks
    from wasmkit.host.contexts.root import RootContext
    from wasmkit.http.headers import HeaderMap
    from wasmkit.http.message import Pair

__all__ = ["StreamContext"]

_UNAVAILABLE = 14  # gRPC's status for a failed filter
_MAX_GRPC_STATUS = 16


_Status = TypeVar("_Status", covariant=True)  # noqa: PLC0105  # named for what it is


class _Convert(Protocol[_Status]):
    def __call__(self, number: int, *, stopped: bool) -> _Status: ...


class _View:
    """What the guest can reach of one direction's message at the moment."""

    __slots__ = ("body", "buffering", "headers", "trailers")

    def __init__(self) -> None:
        self.headers: HeaderMap | None = None
        self.body: Buffer | None = None
        self.trailers: HeaderMap | None = None
        self.buffering = False


_MAPS = {
    HeaderMapType.REQUEST_HEADERS: (StreamType.REQUEST, False),
    HeaderMapType.REQUEST_TRAILERS: (StreamType.REQUEST, True),
    HeaderMapType.RESPONSE_HEADERS: (StreamType.RESPONSE, False),
    HeaderMapType.RESPONSE_TRAILERS: (StreamType.RESPONSE, True),
}
_BODIES = {
    BufferType.REQUEST_BODY: StreamType.REQUEST,
    BufferType.RESPONSE_BODY: StreamType.RESPONSE,
}
_NAMES = {StreamType.REQUEST: "request", StreamType.RESPONSE: "response"}


class StreamContext(Context):
    """Calls the guest for one stream and answers its host calls."""

    def __init__(self, vm: VmInterface, root: RootContext, manager: FilterCallbacks) -> None:
        super().__init__(vm, root.plugin, root)
        self._manager = manager
        self._views = {StreamType.REQUEST: _View(), StreamType.RESPONSE: _View()}
        self._end_of_stream = False
        self._failure_reply_sent = False
        self._log_headers: VisibleHeaders | None = None

    # Called by the filter manager

    def on_headers(self, direction: StreamType, headers: HeaderMap, *, end: bool) -> HeadersStatus:
        """Show the guest a message's headers."""
        if direction is StreamType.REQUEST:
            self.create()
        elif self._skips_response:
            return HeadersStatus.CONTINUE
        view = self._views[direction]
        view.headers, self._end_of_stream = headers, end
        name = f"proxy_on_{_NAMES[direction]}_headers"
        status = self._call(HeadersStatus.of, name, len(headers), int(end))
        if status is HeadersStatus.CONTINUE:
            view.headers = None
        return status

    def on_data(self, direction: StreamType, data: Buffer, *, end: bool) -> DataStatus:
        """Show the guest a piece of a body, with what was kept back before if it buffers."""
        view = self._views[direction]
        if not self.created or (direction is StreamType.RESPONSE and self._skips_response):
            return DataStatus.CONTINUE
        if view.buffering:
            self._manager.keep_back(direction, data)
            if self._manager.finished:
                return DataStatus.STOP_AND_BUFFER
        view.body, self._end_of_stream = data, end
        size = len(self._body(direction) or b"")
        status = self._call(DataStatus.of, f"proxy_on_{_NAMES[direction]}_body", size, int(end))
        view.buffering = status is DataStatus.STOP_AND_BUFFER
        if status is DataStatus.CONTINUE:
            view.body = None
        return status

    def on_trailers(self, direction: StreamType, trailers: HeaderMap) -> TrailersStatus:
        """Show the guest a message's trailers."""
        if not self.created or (direction is StreamType.RESPONSE and self._skips_response):
            return TrailersStatus.CONTINUE
        view = self._views[direction]
        view.trailers = trailers
        name = f"proxy_on_{_NAMES[direction]}_trailers"
        status = self._call(TrailersStatus.of, name, len(trailers))
        if status is TrailersStatus.CONTINUE:
            view.trailers = None
        return status

    def on_log(self, headers: VisibleHeaders) -> None:
        """Let the guest look back on the whole stream."""
        self.create()
        self._log_headers = headers
        self.notify("proxy_on_log")
        self._log_headers = None

    def on_destroy(self) -> None:
        """Tell the guest that the stream is done and gone."""
        for name in ("proxy_on_done", "proxy_on_delete"):
            self.notify(name)
        self.vm.remove_context(self)

    @property
    def _is_spared(self) -> bool:
        """Whether the stream goes on without the guest when its VM fails."""
        return (
            self.plugin.failure_policy is FailurePolicy.FAIL_OPEN
            and self.vm.profile.fail_open_spares_request
        )

    @property
    def _skips_response(self) -> bool:
        return not self.created or self._failure_reply_sent

    def _call(self, convert: _Convert[_Status], name: str, *arguments: int) -> _Status:
        """Call the guest; a VM that has failed, before or now, answers for the guest with 503."""
        result = self.vm.invoke(self, name, *arguments)
        if self.vm.trap and self._is_spared:
            status = convert(0, stopped=False)
        elif self.vm.trap:
            self._fail()
            status = convert(0, stopped=True)
        else:
            status = convert(result, stopped=self.vm.iteration_stopped)
        self.vm.run_deferred()
        return status

    def _fail(self) -> None:
        if not self._failure_reply_sent:
            reply = LocalReply(503, grpc_status=_UNAVAILABLE, details=b"wasm_fail_stream")
            self._manager.send_local_reply(reply)
            self._failure_reply_sent = True

    # Called by the guest

    def header_map(self, map_type: HeaderMapType, *, change: bool) -> HeaderMap | None:
        """See ``Context.header_map``; while the stream is logged, maps may only be read."""
        if map_type not in _MAPS:
            return None
        direction, is_trailers = _MAPS[map_type]
        view = self._views[direction]
        if self._log_headers is not None and not change:
            return self._log_headers.find(direction, trailers=is_trailers)
        if not is_trailers:
            return view.headers
        if view.trailers is None and change and view.body is not None and self._end_of_stream:
            view.trailers = self._manager.add_trailers(direction)
        return view.trailers

    def no_map_status(self, *, change: bool) -> Status:
        """See ``Context.no_map_status``."""
        logging = self._log_headers is not None and not change
        return Status.NOT_FOUND if logging else Status.BAD_ARGUMENT

    def _body(self, direction: StreamType) -> Buffer | None:
        view = self._views[direction]
        return self._manager.buffered(direction) if view.buffering else view.body

    def _find_buffer(self, buffer_type: BufferType) -> Buffer | bytes | None:
        direction = _BODIES.get(buffer_type)
        if direction is None:
            return super()._find_buffer(buffer_type)
        body = self._body(direction)
        return b"" if body is None else body

    def get_property(self, path: bytes) -> bytes:
        """Return an attribute of the stream, a kept value, or what every context has."""
        visible = self._log_headers or VisibleHeaders(
            self._views[StreamType.REQUEST].headers,
            self._views[StreamType.RESPONSE].headers,
            self._views[StreamType.RESPONSE].trailers,
        )
        absent = self.vm.profile.absent_attributes
        value = find_property(path, self._manager.facts, visible, absent)
        return super().get_property(path) if value is None else value

    def set_property(self, path: bytes, value: bytes) -> None:
        """Keep a value in the stream's filter state."""
        self._manager.facts.kept[path] = value

    def send_local_response(
        self, status: int, details: bytes, body: bytes, headers: list[Pair], grpc_status: int
    ) -> None:
        """Answer the request once the callback has returned."""
        grpc = grpc_status if grpc_status <= _MAX_GRPC_STATUS else None
        reply = LocalReply(status, body, tuple(headers), grpc, details)
        self.vm.defer(lambda: self._manager.send_local_reply(reply))

    def continue_stream(self, stream_type: StreamType) -> None:
        """Go on once the callback has returned; the request's maps are out of reach from now."""
        if stream_type not in _NAMES:
            super().continue_stream(stream_type)
            return
        self.vm.defer(lambda: self._manager.resume(stream_type))
        view = self._views[StreamType.REQUEST]
        view.headers = view.body = view.trailers = None

    def close_stream(self, stream_type: StreamType) -> None:
        """Close the stream once the callback has returned."""
        if stream_type in _NAMES:
            facts = self._manager.facts
            facts.response_code_details = facts.response_code_details or b"wasm_close_stream"
            self.vm.defer(self._manager.reset)
