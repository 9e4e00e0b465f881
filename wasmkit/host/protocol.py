"""What a guest and its host are to each other: what runs a filter's code, and how a call ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wasmkit.abi.constants import Status

__all__ = ["CallError", "Guest", "GuestTrapError"]


class CallError(Exception):
    """A host call ends with a status other than OK."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


class GuestTrapError(Exception):
    """The guest trapped; the text is the reason as Envoy would log it.

    It never leaves the host: a trap is a result.
    """


class Guest(Protocol):
    """A filter's code behind its ABI exports; a guest is used by one thread at a time."""

    abi_version: str
    """``0.1.0``, ``0.2.0`` or ``0.2.1``."""

    def has(self, name: str) -> bool:
        """Return whether the callback is exported; one that is not is never called."""
        ...

    def call(self, name: str, *arguments: int) -> int:
        """Call an export with unsigned integers and return its result, 0 if it has none.

        Raises ``GuestTrapError``; the guest is then dead and must not be called again.
        """
        ...

    def close(self) -> None:
        """Free what the guest holds."""
        ...
