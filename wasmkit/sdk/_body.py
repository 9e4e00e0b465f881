"""Bodies as authors see them: a view on the host's buffer, read and changed on demand."""

from __future__ import annotations

from wasmkit.abi.constants import BufferType
from wasmkit.sdk import _host

__all__ = ["Body", "EmptyBody"]

_EVERYTHING = 0xFFFFFFFF


class Body:
    """A piece of a body, or all of it; valid in the hook that it was given to.

    Changing its length raises ``ValueError`` unless the filter says ``changes_request_body``
    (or ``changes_response_body``): ``content-length`` has been sent on by then, and a message
    whose length it does not tell hangs or is cut.
    """

    __slots__ = ("_buffer", "_may_change", "_size")

    def __init__(self, buffer_type: int, size: int, may_change: bool) -> None:
        self._buffer = buffer_type
        self._size = size
        self._may_change = may_change

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def __bool__(self) -> bool:
        return self._size > 0

    def __bytes__(self) -> bytes:
        return self.read()

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Return a copy of the bytes, or of ``size`` of them (fewer at the end) from ``start``."""
        length = _EVERYTHING if size is None else size
        return _host.host.proxy_get_buffer_bytes(self._buffer, start, length)

    def replace(self, data: bytes) -> None:
        """Put ``data`` in the place of all the bytes."""
        self._set(0, self._size, data, len(data))

    def prepend(self, data: bytes) -> None:
        """Put ``data`` before the bytes."""
        self._set(0, 0, data, self._size + len(data))

    def append(self, data: bytes) -> None:
        """Put ``data`` behind the bytes."""
        self._set(self._size, 0, data, self._size + len(data))

    def _set(self, start: int, size: int, data: bytes, new_size: int) -> None:
        if new_size != self._size and not self._may_change:
            side = "response" if self._buffer else "request"
            raise ValueError(
                f"the {side}'s content-length has been sent on, so that its body must keep its "
                f"length; write `changes_{side}_body = True` in the filter class"
            )
        _host.host.proxy_set_buffer_bytes(self._buffer, start, size, data)
        self._size = new_size


class EmptyBody(Body):
    """The body of a message that has none; it stays so."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(BufferType.REQUEST_BODY, 0, False)

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Return no bytes."""
        del start, size
        return b""

    def _set(self, start: int, size: int, data: bytes, new_size: int) -> None:
        del start, size, new_size
        if data:
            raise ValueError("this message has no body, and a filter cannot give it one")
