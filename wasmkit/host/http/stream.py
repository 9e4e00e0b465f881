"""One HTTP request through Envoy's filter chain, in which there is one Wasm filter.

Follows Envoy's ``source/common/http/filter_manager.cc``, each direction being one ``Half``:
headers, pieces of body and trailers arrive, the filter lets them pass or stops them, and what it
stopped goes on when it resumes. A local reply answers from inside: through the filter's response
callbacks while there is no response yet, past them while the client has seen nothing, and by a
reset when it is too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import StreamType
from wasmkit.host.buffer import Buffer
from wasmkit.host.contexts.actions import DataStatus, HeadersStatus, TrailersStatus
from wasmkit.host.contexts.properties import StreamFacts, VisibleHeaders
from wasmkit.host.http.half import STOPS_ALL, Half, State
from wasmkit.host.http.rules import (
    CLIENT_LEFT,
    HUNG_UP,
    NO_ROUTE,
    RESPONSE_TOO_LARGE,
    TOO_LARGE,
    UPSTREAM_LEFT,
    Delivery,
    finish_response,
    local_reply,
    received_request,
    received_response,
    request_fault,
    response_fault,
    sent_request,
    sent_response,
)
from wasmkit.http.grpc import is_grpc
from wasmkit.http.headers import HeaderMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmkit.host.contexts.manager import LocalReply
    from wasmkit.host.plugin import Plugin
    from wasmkit.http.message import Message, Pair

__all__ = ["HttpStream"]


class HttpStream:
    """Drives one request through the filter of a plugin; made anew for each request.

    What client and upstream do is told in the order in which it happens: ``headers``, pieces of
    body with ``data``, ``trailers`` of either direction, and ``hang_up``. What comes after the
    stream is over is dropped. ``deliver`` and ``client`` are what the two ends got; ``end`` ends
    the stream.
    """

    def __init__(self, plugin: Plugin, *, connection_id: int = 0) -> None:
        self._world = plugin.vm.world
        self._rules = plugin.vm.profile.headers
        self._most_kept = plugin.vm.profile.limits.buffer_bytes
        self.facts = StreamFacts(connection_id=connection_id, started=self._world.now)
        self._request = Half(StreamType.REQUEST)
        self._response = Half(StreamType.RESPONSE)
        self._prepared: LocalReply | None = None
        self._replied = False
        self._reset = False
        self._is_head = False
        self._is_grpc = False
        self._context = plugin.new_stream(self)

    # What happens

    def headers(self, direction: StreamType, pairs: Sequence[Pair], *, end: bool) -> None:
        """Bring a message's headers, the pseudo headers first; ``end``: nothing comes behind."""
        half = self._half(direction)
        if half is self._request:
            headers = received_request(pairs, self._rules, self._world.random_bytes)
            self._is_head = headers.get(b":method") == b"HEAD"
            self._is_grpc = is_grpc(headers)
        else:
            headers = received_response(pairs, self._rules)
        if self._takes(half, end=end):
            if half is self._response:
                self.facts.response_code_details = b"via_upstream"
            self._receive_headers(half, headers, end=end)

    def data(self, direction: StreamType, data: bytes, *, end: bool) -> None:
        """Bring a piece of a body; over HTTP/1.1 the end comes with an empty piece."""
        half = self._half(direction)
        if half is self._request and not self.finished:
            self.facts.request_size += len(data)
        if self._takes(half, end=end):
            self._receive_data(half, Buffer(data), end=end)

    def trailers(self, direction: StreamType, pairs: Sequence[Pair]) -> None:
        """Bring a message's trailers, which end it."""
        half = self._half(direction)
        if self._takes(half, end=True):
            half.arrived_all = True
            half.trailers = HeaderMap(pairs)
            self._receive_trailers(half)

    def hang_up(self, direction: StreamType) -> None:
        """Let the sender of that direction close its connection: REQUEST is the client."""
        if self.finished:
            return
        if direction is StreamType.RESPONSE and not self._response.begun:
            self.send_local_reply(HUNG_UP)
            return
        details, flags = CLIENT_LEFT if direction is StreamType.REQUEST else UPSTREAM_LEFT
        self.facts.response_code_details = details
        self.facts.response_flags |= flags
        self.reset()

    def _takes(self, half: Half, *, end: bool) -> bool:
        """Whether a part that arrives is of use: not when the answer is made in the proxy."""
        if half is self._request:
            half.arrived_all = end
        return not (self.finished or self._replied)

    # What came of it

    @property
    def request_sent(self) -> bool:
        """Whether the whole request has gone to the upstream, or never will."""
        return self._request.sent_all or self.finished

    def deliver(self) -> Message | None:
        """Return the request as the upstream gets it whole, None if it never does.

        An upstream that cannot read it hangs up.
        """
        half = self._request
        if not half.sent_all or self.finished:
            return None
        trailers = half.trailers if half.sent_trailers else None
        delivery, message = sent_request(
            half.headers,
            bytes(half.sent_body),
            trailers,
            self._rules,
            headers_only=half.sent_headers_only,
        )
        if delivery is Delivery.REFUSED:
            self.send_local_reply(HUNG_UP)
        return message if delivery is Delivery.COMPLETE else None

    def client(self) -> Message | None:
        """Return the response as far as the client got it, None if none began."""
        half = self._response
        if half.sent_headers is None:
            return None
        trailers = half.trailers if half.sent_trailers else None
        return sent_response(
            half.sent_headers,
            bytes(half.sent_body),
            trailers,
            is_head=self._is_head,
            headers_only=half.sent_headers_only,
        )

    def end(self) -> None:
        """Finish the stream: the filter's log, done and delete callbacks."""
        if self._context is None:
            return
        self.facts.duration = self._world.now - self.facts.started
        response = self._response.headers if self._response.begun else None
        self._context.on_log(
            VisibleHeaders(self._request.headers, response, self._response.trailers)
        )
        self._context.on_destroy()

    # One direction

    def _receive_headers(self, half: Half, headers: HeaderMap, *, end: bool) -> None:
        half.headers = headers
        half.begun = True
        half.arrived_all = half.filter_saw_end = end
        if half.direction is StreamType.RESPONSE:
            self._note_response(headers)
        status = HeadersStatus.CONTINUE
        if self._context is not None:
            half.calling = True
            status = self._context.on_headers(half.direction, headers, end=end)
            half.calling = False
            if self._cut_short(half):
                return
        if status is HeadersStatus.CONTINUE:
            self._send_headers(half, end=end)
        else:
            half.state = State(status)

    def _receive_data(self, half: Half, data: Buffer, *, end: bool) -> None:
        half.arrived_all = half.arrived_all or end
        if half.state in STOPS_ALL:
            half.streaming = half.state is State.STOP_ALL_WATERMARK
            self._keep(half, data)
            return
        if half.filter_saw_end:
            return
        had_trailers = half.trailers is not None
        half.filter_saw_end = end and not had_trailers
        status = DataStatus.CONTINUE
        if self._context is not None:
            half.calling = True
            status = self._context.on_data(half.direction, data, end=half.filter_saw_end)
            half.calling = False
            if self._cut_short(half):
                return
        self._after_data(half, status, data, end=end)
        if half.trailers is not None and not had_trailers and half.state is State.CONTINUE:
            half.send_trailers()  # those that the filter has just added

    def _after_data(self, half: Half, status: DataStatus, data: Buffer, *, end: bool) -> None:
        if status is DataStatus.CONTINUE:
            if half.state is State.STOP_ONE:
                self._keep(half, data)
                self.resume(half.direction)
                return
            if data is half.kept:
                half.kept = None
            self._send_data(half, data.take(), end=end and half.trailers is None)
            return
        half.state = State.STOP_ONE
        if status is not DataStatus.STOP_NO_BUFFER:
            half.streaming = status is DataStatus.STOP_AND_WATERMARK
            self._keep(half, data)
        elif half.arrived_all and half.trailers is None and half.kept is None:
            half.kept = Buffer()  # so that resuming brings the end

    def _receive_trailers(self, half: Half) -> None:
        if half.state in STOPS_ALL:
            return
        assert half.trailers is not None
        status = TrailersStatus.CONTINUE
        if self._context is not None:
            half.calling = True
            status = self._context.on_trailers(half.direction, half.trailers)
            half.calling = False
            if self._cut_short(half):
                return
        if status is not TrailersStatus.CONTINUE:
            half.state = State.STOP_ONE
        elif half.state is State.STOP_ONE:
            self.resume(half.direction)
        else:
            half.send_trailers()

    def _send_request_headers(self, *, end: bool) -> None:
        half = self._request
        half.send_headers(half.headers, end=end)
        fault = request_fault(half.headers)
        self.facts.has_route = fault is not NO_ROUTE
        self.facts.routed = fault is None
        if fault is not None:
            self.send_local_reply(fault)

    def _send_response_headers(self, headers: HeaderMap, *, end: bool) -> None:
        fault = response_fault(headers)
        if fault is not None:
            self._reply_to_client(fault)
            return
        request = self._request
        finish_response(
            headers,
            request.headers,
            self._rules,
            request_complete=request.arrived_all,
            now=self._world.now,
        )
        self._response.send_headers(headers, end=end)

    def _send_headers(self, half: Half, *, end: bool) -> None:
        if half is self._request:
            self._send_request_headers(end=end)
        else:
            self._send_response_headers(half.headers, end=end)

    def _send_data(self, half: Half, data: bytes, *, end: bool) -> None:
        half.sent_body += data
        half.sent_all = half.sent_all or end
        if half.direction is StreamType.RESPONSE:
            self.facts.response_size += len(data)

    def _keep(self, half: Half, data: Buffer) -> None:
        if half.kept is None:
            half.kept = Buffer()
        if half.kept is not data:
            half.kept.data += data.take()
        if len(half.kept) > self._most_kept and not half.streaming:
            self.send_local_reply(
                TOO_LARGE if half.direction is StreamType.REQUEST else RESPONSE_TOO_LARGE
            )

    def _note_response(self, headers: HeaderMap) -> None:
        status = headers.get(b":status") or b""
        self.facts.response_code = int(status) if status.isdigit() else None

    def _cut_short(self, half: Half) -> bool:
        """After a callback: carry out the local reply that it asked for; True if it is over."""
        if self._prepared is not None:
            reply, self._prepared = self._prepared, None
            self._reply_through_filter(reply)
            return True
        return self._reset or (self._replied and (half is self._request or self.finished))

    # What the filter's context asks for

    @property
    def finished(self) -> bool:
        """Whether the client has its whole response, or its connection is closed."""
        return self._reset or self._response.sent_all

    def _half(self, direction: StreamType) -> Half:
        return self._request if direction is StreamType.REQUEST else self._response

    def buffered(self, direction: StreamType) -> Buffer | None:
        """See ``FilterCallbacks``."""
        return self._half(direction).kept

    def keep_back(self, direction: StreamType, data: Buffer) -> None:
        """See ``FilterCallbacks``."""
        half = self._half(direction)
        half.streaming = False
        self._keep(half, data)

    def add_trailers(self, direction: StreamType) -> HeaderMap:
        """See ``FilterCallbacks``."""
        trailers = self._half(direction).trailers = HeaderMap()
        return trailers

    def resume(self, direction: StreamType) -> None:
        """See ``FilterCallbacks``; Envoy's ``commonContinue``."""
        half = self._half(direction)
        if self.finished or (half is self._request and self._replied) or not half.begun:
            return
        from_filter = half.state in STOPS_ALL
        half.state = State.CONTINUE
        had_trailers = half.trailers is not None
        if half.sent_headers is None:
            self._send_headers(
                half, end=half.arrived_all and half.kept is None and not had_trailers
            )
        if half.kept is not None and not self.finished:
            end = half.arrived_all and not had_trailers
            if from_filter:
                self._receive_data(half, half.kept, end=end)
            else:
                data, half.kept = half.kept.take(), None
                self._send_data(half, data, end=end)
        if had_trailers and not self.finished:
            if from_filter:
                self._receive_trailers(half)
            else:
                half.send_trailers()

    def reset(self) -> None:
        """See ``FilterCallbacks``."""
        self._reset = True

    def send_local_reply(self, reply: LocalReply) -> None:
        """See ``FilterCallbacks``."""
        if self.finished:
            return
        if not self._response.begun:
            self._replied = True
            if self._request.calling:
                self._prepared = self._prepared or reply
            elif self._prepared is None:
                self._reply_through_filter(reply)
        elif self._response.sent_headers is None:
            self._reply_to_client(reply)
        else:
            self.facts.response_code_details = reply.details
            self.reset()

    def _make(self, reply: LocalReply) -> tuple[HeaderMap, bytes]:
        self.facts.response_code_details = reply.details
        self.facts.response_flags |= reply.flags
        return local_reply(reply, self._rules, is_head=self._is_head, is_grpc=self._is_grpc)

    def _reply_through_filter(self, reply: LocalReply) -> None:
        headers, body = self._make(reply)
        half = self._response
        self._receive_headers(half, headers, end=not body)
        if body and not self.finished:
            self._receive_data(half, Buffer(body), end=True)

    def _reply_to_client(self, reply: LocalReply) -> None:
        """Answer past the filter, in place of a response that the client has not seen yet."""
        self._replied = True
        headers, body = self._make(reply)
        self.facts.response_code = reply.status
        self._send_response_headers(headers, end=not body)
        if body:
            self._send_data(self._response, body, end=True)
