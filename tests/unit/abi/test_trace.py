"""What takes note of calls can be handed to every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.engines.engine import Callback
from wasmkit.engines.recorder import Recorder

if TYPE_CHECKING:
    from wasmkit.abi.trace import Tracer


def test_a_recorder_is_a_tracer() -> None:
    recorder = Recorder()
    tracer: Tracer = recorder
    tracer.callback("proxy_on_tick", (1,))
    tracer.returned("proxy_on_tick", None)
    assert recorder.take() == (Callback(1, "proxy_on_tick", (), None),)
