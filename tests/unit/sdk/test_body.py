from __future__ import annotations

import pytest

from sdkhost import MemoryHost
from wasmkit.sdk import Body, _host
from wasmkit.sdk._body import EmptyBody


def bind(data: bytes) -> MemoryHost:
    host = MemoryHost(buffers={0: data})
    _host.bind(host)
    return host


def test_a_body_is_read_when_asked() -> None:
    host = bind(b"hello")
    body = Body(0, 5, False)
    assert len(body) == 5
    assert body
    assert host.calls == 0
    assert body.read() == bytes(body) == b"hello"
    assert body.read(1, 3) == b"ell"
    assert body.read(4, 10) == b"o"
    assert not Body(0, 0, False)


def test_a_body_can_change() -> None:
    host = bind(b"hello")
    body = Body(0, 5, True)
    body.append(b"!")
    body.prepend(b">")
    assert host.buffers[0] == b">hello!"
    body.replace(b"bye")
    body.append(b"")
    assert len(body) == 3
    assert body.read() == b"bye"


def test_a_body_of_one_length_can_always_change() -> None:
    host = bind(b"hello")
    Body(0, 5, False).replace(b"HELLO")
    assert host.buffers[0] == b"HELLO"


@pytest.mark.parametrize("buffer", [0, 1])
def test_another_length_must_be_declared(buffer: int) -> None:
    bind(b"hello")
    side = "response" if buffer else "request"
    for change in ("append", "prepend", "replace"):
        with pytest.raises(ValueError, match=f"changes_{side}_body = True"):
            getattr(Body(buffer, 5, False), change)(b"longer")


def test_an_empty_body_stays_empty() -> None:
    bind(b"another's")
    body = EmptyBody()
    assert (len(body), body.read(), body.read(1, 2), bytes(body)) == (0, b"", b"", b"")
    body.replace(b"")
    with pytest.raises(ValueError, match="has no body"):
        body.replace(b"x")
