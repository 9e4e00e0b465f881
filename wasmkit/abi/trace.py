"""Who is told of each call between a guest and its host, as it happens."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Tracer"]


class Tracer(Protocol):
    """Takes note of calls; arguments and results are unsigned, as they cross the boundary.

    Calls nest: a callback makes host calls, and a host call may allocate in the guest.
    """

    def callback(self, name: str, arguments: tuple[int, ...]) -> None:
        """Take note that the host calls an export of the guest."""
        ...

    def host_call(self, name: str, arguments: tuple[int, ...]) -> None:
        """Take note that the guest calls a function of the host, named without its module."""
        ...

    def returned(self, name: str, result: int | None) -> None:
        """Take note that the innermost call of that name is over; None: it has no result.

        What was called within it and has not returned trapped.
        """
        ...
