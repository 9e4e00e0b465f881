"""What a hub can be told before it starts: where its data is, and its limits."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Settings", "default_data_folder"]

MIB = 1024 * 1024


def default_data_folder() -> Path:
    """Where a hub keeps its data if nobody says: the XDG data home (basedir-spec 0.8)."""
    home = os.environ.get("XDG_DATA_HOME", "")
    # The specification says to ignore a relative path.
    base = Path(home) if Path(home).is_absolute() else Path("~/.local/share").expanduser()
    return base / "wasmkit" / "hub"


@dataclass(frozen=True, slots=True)
class Settings:
    """One hub's settings; sizes in bytes, times in seconds."""

    data: Path = field(default_factory=default_data_folder)
    blob_limit: int = 256 * MIB
    """Istio and Envoy Gateway refuse larger modules."""
    manifest_limit: int = 4 * MIB
    """distribution-spec 1.1: registries should take at least this much."""
    upload_limit: int = 100
    """Uploads that may be under way at one time."""
    upload_expiry: float = 3600.0
    """An upload without a new byte for so long is thrown away."""
    idle_timeout: float = 60.0
    """A client that sends nothing for so long in the middle of a body is cut off."""
    serve_blocked: bool = False
    """Whether a tag leads to a blocked version all the same."""
    child_memory: int = 2048 * MIB
    """Address space of the child process that looks at what strangers pushed."""
    child_seconds: float = 60.0
    """Time of a core, and time on the clock, after which that child is stopped."""
