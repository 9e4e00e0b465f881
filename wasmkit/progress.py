"""What a verb tells while it works: events, and who is told.

Every verb takes a ``Progress`` and calls it with ``Step`` for what takes its time, and with events
of its own package where somebody may want to see more before the result is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Event", "Progress", "Step", "silent"]


class Event:
    """Something that happened while a verb worked; listeners ignore kinds that they do not know."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Step(Event):
    """Something that takes its time has begun; ``text`` says what, in a few words."""

    text: str

    def __str__(self) -> str:
        return self.text


class Progress(Protocol):
    """Is told of each event, from the thread in which it happens; it must not raise."""

    def __call__(self, event: Event, /) -> None:
        """Take notice of an event."""
        ...


def silent(event: Event, /) -> None:
    """Ignore the event: for callers who only want the result."""
    del event
