"""One VM with one plugin in it: its contexts, who is running, what waits, whether it has failed."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # the type of a dataclass's field
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from wasmkit.abi.constants import LogLevel  # noqa: TC001  # the type of an attribute
from wasmkit.errors import GuestModuleError
from wasmkit.host.calls import Calls
from wasmkit.host.contexts.context import Context, RootContext
from wasmkit.host.guest.protocol import Guest, GuestTrapError
from wasmkit.host.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Plugin", "PluginSettings"]


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """What Envoy's ``PluginConfig`` holds, as the guest gets to see it."""

    configuration: bytes = b""
    vm_configuration: bytes = b""
    name: str = ""
    root_id: str = ""
    vm_id: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    fail_open: bool = False
    """Failure policy FAIL_OPEN: requests pass by a VM that has failed. FAIL_CLOSED otherwise."""


class Plugin:
    """A plugin in its VM.

    ``make_guest`` gets the host calls and the limits and loads the code. After ``start``,
    ``add_stream_context`` makes a context for each request. A context manager: leaving shuts
    the plugin down and frees the guest.
    """

    def __init__(
        self,
        settings: PluginSettings,
        make_guest: Callable[[Calls, Limits], Guest],
        limits: Limits | None = None,
    ) -> None:
        self.settings = settings
        self.limits = limits or Limits()
        self.trap = ""
        """Why the VM has failed; empty while it has not."""
        self.tick_period = 0
        """Milliseconds between ticks; 0 means none."""
        self._logs: list[tuple[LogLevel, bytes]] = []
        self._deferred: list[Callable[[], None]] = []
        self._stopped = False
        self._done_pending = False
        # Context 0 is the VM's own: what runs before the first callback acts on it.
        self._current = self._vm_context = Context(self, 0)
        self._effective: Context | None = None
        self.root = RootContext(self, 1)
        self._contexts: dict[int, Context] = {0: self._vm_context, 1: self.root}
        self._next_id = 2
        self._calls = Calls(self)
        self.guest = make_guest(self._calls, self.limits)

    def start(self) -> None:
        """Start the VM and configure the plugin.

        Raises ``GuestModuleError`` if the guest refuses either or traps; the hint is the last
        line that it logged.
        """
        reason = ""
        if not self.root.start():
            reason = "Failed to start base Wasm: proxy_on_vm_start returned false"
        elif not self.root.configure():
            reason = "Failed to configure base Wasm plugin: proxy_on_configure returned false"
        if reason or self.trap:
            last = self._logs[-1][1].decode("utf-8", "replace") if self._logs else ""
            self.close()
            raise GuestModuleError(self.trap.partition("\n")[0] or reason, hint=last)

    def close(self) -> None:
        """Tell the guest that it is over (``on_done``, ``on_delete``) and free it."""
        if self.root.created:
            done = self.invoke(self.root, "proxy_on_done", absent=1)
            self._done_pending = not done
            self.run_deferred()
            if done:
                self._delete_root()
        self.guest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Contexts

    def new_context_id(self) -> int:
        """Return the next free number for a context."""
        number, self._next_id = self._next_id, self._next_id + 1
        return number

    def add_context(self, context: Context) -> None:
        """Let the guest refer to a stream's context by its number."""
        self._contexts[context.id] = context
        self._calls.reset_budget()

    def remove_context(self, context: Context) -> None:
        """Forget a context; the guest has been told already."""
        self._contexts.pop(context.id, None)

    @property
    def effective_context(self) -> Context:
        """The context on which host calls act."""
        return self._effective or self._current

    def set_effective_context(self, context_id: int) -> bool:
        """Choose it until the running callback returns; return whether there is such a one."""
        context = self._contexts.get(context_id)
        if context is None:
            return False
        self._effective = context
        return True

    # Callbacks

    def invoke(self, context: Context, name: str, *arguments: int, absent: int = 0) -> int:
        """Call a callback for a context; return its result, ``absent`` if it is not exported.

        A trap makes the plugin fail. After a failure nothing is called any more.
        """
        if self.trap or not self.guest.has(name):
            return absent
        self._current, self._effective = context, None
        try:
            return self.guest.call(name, context.id, *arguments)
        except GuestTrapError as error:
            self.trap = str(error)
            return 0
        finally:
            self._current, self._effective = self._vm_context, None

    def stop_iteration(self) -> None:
        """Make the running callback's result count as "stop", whatever it is."""
        self._stopped = True

    @property
    def iteration_stopped(self) -> bool:
        """Whether it does; to be read before ``run_deferred``."""
        return self._stopped

    def defer(self, action: Callable[[], None]) -> None:
        """Do something as soon as the running callback has returned."""
        self._deferred.append(action)

    def run_deferred(self) -> None:
        """Do what was deferred; to be called after each callback, its result in hand."""
        self._stopped = False
        while self._deferred:
            self._deferred.pop(0)()

    def finish_done(self, context: Context) -> bool:
        """Finish a shutdown that ``on_done`` put off; return whether one was pending."""
        if context is not self.root or not self._done_pending:
            return False
        self._done_pending = False
        self.defer(self._delete_root)
        return True

    def _delete_root(self) -> None:
        self.invoke(self.root, "proxy_on_delete")
        self._deferred.clear()

    # Logs

    def log(self, level: LogLevel, message: bytes) -> None:
        """Keep a line that the guest logged."""
        self._logs.append((level, message))

    def take_logs(self) -> list[tuple[LogLevel, bytes]]:
        """Return the lines logged since the last time."""
        logs, self._logs = self._logs, []
        return logs
