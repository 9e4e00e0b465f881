"""What a stream's context asks of its filter manager, ``HttpStream`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream_scene import POST, REQUEST, Scene
from wasmkit.host.contexts.manager import LocalReply

if TYPE_CHECKING:
    from wasmkit.host.contexts.manager import FilterCallbacks


def test_a_stream_is_a_filter_manager() -> None:
    scene = Scene()
    manager: FilterCallbacks = scene.stream
    scene.stream.headers(REQUEST, POST, end=True)
    manager.send_local_reply(LocalReply(418, b"tea", ((b"a", b"b"),), details=b"why"))
    assert manager.finished
    assert manager.facts.response_code_details == b"why"
    client = scene.stream.client()
    assert client is not None
    assert client.headers[:2] == ((b":status", b"418"), (b"a", b"b"))
