"""Data folders of hubs that were released, kept in ``hub_data`` (its README says how)."""

from __future__ import annotations

import tarfile
from pathlib import Path

_FOLDER = Path(__file__).parent / "hub_data"
RELEASES = sorted(file.name.removesuffix(".tar.xz") for file in _FOLDER.glob("*.tar.xz"))


def unpacked(release: str, target: Path) -> Path:
    """Unpack one folder below ``target`` and return it."""
    data = target / f"data-{release}"
    with tarfile.open(_FOLDER / f"{release}.tar.xz") as archive:
        archive.extractall(data, filter="data")
    return data
