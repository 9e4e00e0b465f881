"""A stream on a host of its own, whose guest is functions of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_guest import FunctionGuest
from wasmkit.abi.constants import StreamType
from wasmkit.host.http.stream import HttpStream
from wasmkit.host.plugin import Plugin
from wasmkit.host.protocol import CallError
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig

if TYPE_CHECKING:
    from wasmkit.profiles import Profile

__all__ = ["BUFFER", "CONTINUE", "OK", "PAUSE", "POST", "REQUEST", "RESPONSE", "Scene"]

REQUEST, RESPONSE = StreamType.REQUEST, StreamType.RESPONSE
CONTINUE, PAUSE, BUFFER = 0, 1, 1
POST = (
    (b":authority", b"a.test"),
    (b":path", b"/"),
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b"x-forwarded-proto", b"http"),
)
OK = ((b":status", b"200"),)


class Scene:
    """A stream and its guest; ``said`` are the callbacks without their context."""

    def __init__(
        self,
        profile: Profile | None = None,
        policy: FailurePolicy = FailurePolicy.FAIL_CLOSED,
    ) -> None:
        self.world = World(now=0, seed=1)
        vm = Vm(VmConfig(), FunctionGuest, self.world, profile=profile)
        assert isinstance(vm.guest, FunctionGuest)
        self.guest = vm.guest
        self.plugin = Plugin(vm, PluginConfig(vm.config, failure_policy=policy))
        self.plugin.start()
        self.guest.said.clear()
        self.guest.answer = CONTINUE
        self.stream = HttpStream(self.plugin)

    @property
    def said(self) -> list[str]:
        said = [" ".join(map(str, (name, *rest[1:]))) for name, *rest in self.guest.said]
        self.guest.said.clear()
        return said

    def property(self, path: str) -> bytes | str:
        try:
            return self.guest.calls.get_property(path.replace(" ", "\0").encode())
        except CallError as error:
            return error.status.name
