"""Nothing here may use the network."""

from __future__ import annotations

from closed_sockets import closed_sockets

__all__ = ["closed_sockets"]
