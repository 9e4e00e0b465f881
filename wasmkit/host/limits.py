"""What a guest may use up before the host stops it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one VM; each one's breach is a trap or a failed ``memory.grow``, never an error."""

    callback_seconds: float = 5.0
    """Wall time of one callback. Envoy has no such limit: there the worker would hang."""
    memory_bytes: int = 1 << 30
    """Linear memory; the default is Envoy's compiled-in 16,384 pages."""
    table_elements: int = 10_000_000
    """Entries of a table; the default is V8's."""
    host_bytes: int = 64 << 20
    """What a guest may make the host keep for one stream: logs, headers, bodies, properties."""
