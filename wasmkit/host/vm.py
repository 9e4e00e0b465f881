"""One VM: a guest, its contexts, which of them is running, what waits, whether it has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from wasmkit.host.calls import Calls
from wasmkit.host.contexts.base import Context
from wasmkit.host.contexts.root import RootContext
from wasmkit.host.limits import Limits
from wasmkit.host.protocol import Guest, GuestTrapError
from wasmkit.plugin import PluginConfig
from wasmkit.profiles import newest_envoy

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.abi.constants import LogLevel
    from wasmkit.abi.trace import Tracer
    from wasmkit.host.world import World
    from wasmkit.plugin import VmConfig
    from wasmkit.profiles import Profile

__all__ = ["Vm"]


class Vm:
    """A guest of any language with its contexts; several plugins may live in one.

    ``make_guest`` gets the host calls, the limits and ``tracer`` and loads the code; ``log`` gets
    each line that the guest logs; ``profile`` is the host whose rules hold, the newest Envoy
    unless given. Root contexts and streams share one sequence of numbers, as in Envoy.

    A context manager: leaving shuts the plugins down and frees the guest.
    """

    def __init__(
        self,
        config: VmConfig,
        make_guest: Callable[[Calls, Limits, Tracer | None], Guest],
        world: World,
        *,
        profile: Profile | None = None,
        limits: Limits | None = None,
        log: Callable[[LogLevel, bytes], None] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.config = config
        self.world = world
        self.profile = profile or newest_envoy()
        self.limits = limits or Limits()
        self.trap = ""
        """Why the VM has failed; empty while it has not."""
        self.last_line = b""
        """What the guest logged last: when it refuses to start, most often the reason."""
        self._log = log
        self._contexts: dict[int, Context] = {}
        self._roots: list[RootContext] = []
        self._next_id = 0
        self._deferred: list[Callable[[], None]] = []
        self._stopped = False
        self._open = True
        self._calls = Calls(self)
        # Context 0 is the VM's own: what runs before the first callback acts on it.
        self._current = Context(self, PluginConfig(config))
        self._effective: Context | None = None
        self.guest = make_guest(self._calls, self.limits, tracer)

    def close(self) -> None:
        """Tell the guest that all is over (``on_done``, ``on_delete``) and free it."""
        for root in self._roots:
            root.shut_down()
        self.kill()

    def kill(self) -> None:
        """Free the guest without a word to it; what is called later does nothing."""
        if self._open:
            self._open = False
            for context in self._contexts.values():
                context.set_tick_period(0)
            self.trap = self.trap or "the VM has ended"
            self.guest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Contexts

    def add_context(self, context: Context) -> int:
        """See ``VmInterface``."""
        number, self._next_id = self._next_id, self._next_id + 1
        self._contexts[number] = context
        self._calls.reset_budget()
        if isinstance(context, RootContext):
            self._roots.append(context)
        return number

    def remove_context(self, context: Context) -> None:
        """See ``VmInterface``; the guest has been told already."""
        self._contexts.pop(context.id, None)

    @property
    def effective_context(self) -> Context:
        """See ``VmInterface``."""
        return self._effective or self._current

    def set_effective_context(self, context_id: int) -> bool:
        """See ``VmInterface``."""
        context = self._contexts.get(context_id)
        if context is None:
            return False
        self._effective = context
        return True

    # Callbacks

    def can_call(self, name: str) -> bool:
        """See ``VmInterface``."""
        return not self.trap and self.guest.has(name)

    def invoke(self, context: Context, name: str, *arguments: int, absent: int = 0) -> int:
        """See ``VmInterface``.

        A trap makes the VM fail; after a failure nothing is called any more. A callback that
        causes another finds its own contexts in force again when that one has returned.
        """
        if not self.can_call(name):
            return absent
        outer = self._current, self._effective
        self._current, self._effective = context, None
        try:
            return self.guest.call(name, context.id, *arguments)
        except GuestTrapError as error:
            self.trap = str(error)
            return 0
        finally:
            self._current, self._effective = outer

    def stop_iteration(self) -> None:
        """See ``VmInterface``."""
        self._stopped = True

    @property
    def iteration_stopped(self) -> bool:
        """See ``VmInterface``."""
        return self._stopped

    def defer(self, action: Callable[[], None]) -> None:
        """See ``VmInterface``."""
        self._deferred.append(action)

    def run_deferred(self) -> None:
        """See ``VmInterface``; to be called after each callback, its result in hand."""
        self._stopped = False
        while self._deferred:
            self._deferred.pop(0)()

    def log(self, level: LogLevel, message: bytes) -> None:
        """See ``VmInterface``."""
        self.last_line = message
        if self._log is not None:
            self._log(level, message)
