"""What runs a filter's code: a Wasm VM, or the SDK in this process."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Guest", "GuestTrapError"]


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
