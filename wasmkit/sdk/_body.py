"""Bodies as authors see them: a view on the host's buffer, read and changed on demand."""

from __future__ import annotations

from wasmkit.sdk import _host

__all__ = ["Body", "EmptyBody"]

_EVERYTHING = 0xFFFFFFFF


class Body:
    """A piece of a body, or all of it; valid in the hook that it was given to.

    Changing its length needs ``changes_request_body`` (or ``changes_response_body``) of the
    filter, because ``content-length`` has been sent on: where that header is left and would be
    wrong, a change raises ``ValueError``.
    """

    __slots__ = ("_buffer", "_headers", "_size")

    def __init__(self, buffer_type: int, header_map: int, size: int) -> None:
        self._buffer = buffer_type
        self._headers = header_map
        self._size = size

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
        if new_size != self._size:
            length = _host.host.proxy_get_header_map_value(self._headers, "content-length")
            if length is not None and length != str(new_size):
                side = "response" if self._buffer else "request"
                raise ValueError(
                    f"the {side}'s content-length of {length} has been sent on and would be wrong; "
                    f"write `changes_{side}_body = True` in the filter class"
                )
        _host.host.proxy_set_buffer_bytes(self._buffer, start, size, data)
        self._size = new_size


class EmptyBody(Body):
    """The body of a message that has none; it stays so."""

    __slots__ = ()

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Return no bytes."""
        del start, size
        return b""

    def _set(self, start: int, size: int, data: bytes, new_size: int) -> None:
        del start, size, new_size
        if data:
            raise ValueError("this message has no body, and a filter cannot give it one")
