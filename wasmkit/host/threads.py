"""Where plugins run: Envoy's threads, each with VMs of its own, started in Envoy's order."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Self

from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmkit.abi.constants import LogLevel
    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.host.protocol import Guest
    from wasmkit.host.world import World
    from wasmkit.plugin import PluginConfig, VmConfig
    from wasmkit.profiles import Profile

__all__ = ["Starts", "Thread", "Threads"]


class Starts(StrEnum):
    """Which VMs are started before traffic comes; it always sees the first worker's."""

    ENVOY = "envoy"
    """As in Envoy: a canary, which is killed, then the main thread's VM, then the workers'."""
    WORKER = "worker"
    """The workers' alone: for a guest that has only this process to run in, or to save time."""


class Thread:
    """A thread of Envoy's; plugins whose VM configurations are equal share one VM in it."""

    def __init__(
        self,
        make_guest: Callable[[VmConfig, Calls, Limits, Tracer | None], Guest],
        world: World,
        *,
        profile: Profile | None = None,
        limits: Limits | None = None,
        log: Callable[[LogLevel, bytes], None] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.vms: list[Vm] = []
        self._make_guest = make_guest
        self._world = world
        self._profile = profile
        self._limits = limits
        self._log = log
        self._tracer = tracer

    def start(self, config: PluginConfig) -> Plugin:
        """Load the plugin's VM unless it is there and start the plugin; see ``Plugin.start``."""
        vm = next((vm for vm in self.vms if vm.config == config.vm), None)
        if vm is None:
            load = partial(self._make_guest, config.vm)
            vm = Vm(
                config.vm,
                load,
                self._world,
                profile=self._profile,
                limits=self._limits,
                log=self._log,
                tracer=self._tracer,
            )
            self.vms.append(vm)
        plugin = Plugin(vm, config)
        plugin.start()
        return plugin

    def close(self) -> None:
        """Shut the plugins down and free their VMs."""
        for vm in self.vms:
            vm.close()

    def kill(self) -> None:
        """Free the VMs without a word to their guests."""
        for vm in self.vms:
            vm.kill()


class Threads:
    """All threads of one Envoy, with their plugins in the order of the configuration.

    Entering starts them and raises what ``Thread.start`` raises; leaving shuts them down. Only
    what the first worker logs is handed to ``log``, and its calls to ``tracer``.
    """

    def __init__(
        self,
        configs: Sequence[PluginConfig],
        make_guest: Callable[[VmConfig, Calls, Limits, Tracer | None], Guest],
        world: World,
        *,
        profile: Profile | None = None,
        limits: Limits | None = None,
        starts: Starts = Starts.ENVOY,
        workers: int = 1,
        log: Callable[[LogLevel, bytes], None] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._configs = configs
        self._starts = starts
        self._thread = partial(Thread, make_guest, world, profile=profile, limits=limits)
        self._workers = [
            self._thread(log=log, tracer=tracer),
            *(self._thread() for _ in range(workers - 1)),
        ]
        self.plugins: tuple[Plugin, ...] = ()
        """Those of the first worker, through which traffic goes."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._starts is Starts.ENVOY:
                main = self._thread()
                stack.callback(main.close)
                for config in self._configs:
                    self._try(config)
                    main.start(config)
            for worker in reversed(self._workers):
                stack.callback(worker.close)
            started = [[worker.start(each) for each in self._configs] for worker in self._workers]
            self.plugins = tuple(started[0])
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _try(self, config: PluginConfig) -> None:
        """Start a plugin in a VM that is then thrown away: Envoy's canary."""
        canary = self._thread()
        try:
            canary.start(config)
        finally:
            canary.kill()
