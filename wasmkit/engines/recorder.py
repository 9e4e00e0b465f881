"""Puts what an engine observes into one ordered list of events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmkit.engines.engine import Callback, HostCall

if TYPE_CHECKING:
    from wasmkit.engines.engine import Event

__all__ = ["Recorder"]

_CALLBACK = "proxy_on_"
_ALLOCATES = "proxy_on_memory_allocate"


class Recorder:
    """A ``wasmkit.abi.trace.Tracer`` for everything that happens in one VM.

    A call stands where it began, before what happened within it. What a module does to start
    itself and to allocate is left out.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._open: list[int] = []

    def add(self, event: Event) -> None:
        """Take note of something that happens now."""
        self._events.append(event)

    def callback(self, name: str, arguments: tuple[int, ...]) -> None:
        """See ``Tracer``."""
        if name.startswith(_CALLBACK) and name != _ALLOCATES:
            self._begin(Callback(arguments[0], name, arguments[1:], None))

    def host_call(self, name: str, arguments: tuple[int, ...]) -> None:
        """See ``Tracer``."""
        self._begin(HostCall(name, arguments, None))

    def returned(self, name: str, result: int | None) -> None:
        """See ``Tracer``."""
        for position in reversed(range(len(self._open))):
            index = self._open[position]
            event = self._events[index]
            if isinstance(event, Callback | HostCall) and event.name == name:
                self._events[index] = replace(event, result=result)
                del self._open[position:]
                return

    def take(self) -> tuple[Event, ...]:
        """Return what has happened since the last time."""
        events, self._events, self._open = self._events, [], []
        return tuple(events)

    def _begin(self, call: Callback | HostCall) -> None:
        self._open.append(len(self._events))
        self._events.append(call)
