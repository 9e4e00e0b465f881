"""How the domains above the registry learn of what happens in it, without it knowing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from wasmkit.artifact.manifest import Index, Manifest
    from wasmkit_hub.registry.tables import ManifestRow

__all__ = ["Watcher"]


class Watcher(Protocol):
    """Called inside the transaction of what happens, so that both become visible together."""

    def pushed(
        self, session: Session, row: ManifestRow, manifest: Manifest | Index, *, is_new: bool
    ) -> None:
        """Take note of a manifest that came, for the first time or again."""
        ...

    def deleted(self, session: Session, row: ManifestRow) -> None:
        """Take note that a manifest goes."""
        ...

    def changed(self, session: Session, repository: str) -> None:
        """Take note that manifests or tags of a repository changed; called last."""
        ...

    def withheld(self, session: Session, repository: str, digest: str) -> str:
        """Say why a tag must not lead to this manifest, or nothing if it may."""
        ...
