"""The two directions of an HTTP stream, and what their hooks come to as one function per callback.

A hook for the whole body has no callback of its own in the ABI: depending on how a message ends
it is due in the headers', the body's or the trailers' callback. That is put together here, once
for a class, so that a filter without such a hook pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from wasmkit.abi.constants import Action, BufferType, HeaderMapType
from wasmkit.sdk import _host
from wasmkit.sdk._body import Body, EmptyBody
from wasmkit.sdk._context import is_overridden
from wasmkit.sdk._headers import Headers

if TYPE_CHECKING:
    from wasmkit.sdk._context import HttpFilter

__all__ = ["REQUEST", "RESPONSE", "Hook", "Side", "own_hook"]

Hook: TypeAlias = Callable[..., Any]
"""An author's method, as the function of its class; takes the stream first."""


def own_hook(cls: type, name: str) -> Hook | None:
    """Return a class's hook, or None if it has none of its own."""
    hook: Hook | None = getattr(cls, name) if is_overridden(cls, name) else None
    return hook


class Side:
    """The request's or the response's way through a filter."""

    __slots__ = ("buffer", "headers", "name", "trailers")

    def __init__(self, name: str, header_map: int, trailer_map: int, buffer: int) -> None:
        self.name = name
        self.buffer = int(buffer)
        self.headers = Headers(header_map)
        self.trailers = Headers(trailer_map)

    def may_change(self, cls: type[HttpFilter[Any, Any]]) -> bool:
        """Return whether a class may change the length of this side's bodies."""
        return bool(getattr(cls, f"changes_{self.name}_body"))

    def headers_hook(self, cls: type[HttpFilter[Any, Any]]) -> Hook | None:
        """Return what a headers callback has to run, or None for nothing."""
        own = own_hook(cls, f"on_{self.name}_headers")
        complete = own_hook(cls, f"on_{self.name}_body_complete")
        changes = self.may_change(cls)
        if complete is None and not changes:
            return own
        empty = EmptyBody()

        def hook(stream: HttpFilter[Any, Any], headers: Headers, end_of_stream: bool) -> Any:
            replied = stream.reply_sent
            result = None if own is None else own(stream, headers, end_of_stream)
            if stream.reply_sent is not replied:
                return result
            if not end_of_stream:
                if changes:
                    headers.remove("content-length")
            elif complete is not None:
                return _both(result, complete(stream, empty))
            return result

        return hook

    def trailers_hook(self, cls: type[HttpFilter[Any, Any]]) -> Hook | None:
        """Return what a trailers callback has to run, or None for nothing.

        A body with trailers behind it has no last piece, so it is complete when they come.
        """
        own = own_hook(cls, f"on_{self.name}_trailers")
        complete = own_hook(cls, f"on_{self.name}_body_complete")
        if complete is None:
            return own
        may_change = self.may_change(cls)

        def hook(stream: HttpFilter[Any, Any], trailers: Headers) -> Any:
            replied = stream.reply_sent
            result = complete(stream, self._kept_body(may_change=may_change))
            if own is None or stream.reply_sent is not replied:
                return result
            return _both(result, own(stream, trailers))

        return hook

    def _kept_body(self, *, may_change: bool) -> Body:
        size = _host.host.proxy_get_buffer_status(self.buffer)
        return Body(self.buffer, size, may_change) if size else EmptyBody()


def _both(first: Any, second: Any) -> Any:
    """Return the answer of two hooks that shared a callback: either may pause."""
    return first if second is None or first is Action.PAUSE else second


REQUEST = Side(
    "request",
    HeaderMapType.REQUEST_HEADERS,
    HeaderMapType.REQUEST_TRAILERS,
    BufferType.REQUEST_BODY,
)
RESPONSE = Side(
    "response",
    HeaderMapType.RESPONSE_HEADERS,
    HeaderMapType.RESPONSE_TRAILERS,
    BufferType.RESPONSE_BODY,
)
