"""What each repository holds.

Manifests lie here byte for byte, because they become visible together with their tags.
"""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from wasmkit_hub.platform.database import Base

__all__ = ["ManifestRow", "RepositoryBlobRow", "TagRow"]


class RepositoryBlobRow(Base):
    """Says that a repository may show a blob."""

    __tablename__ = "repository_blobs"

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)


class ManifestRow(Base):
    """A manifest as it was pushed, and what is asked of it so often that it is read only once."""

    __tablename__ = "manifests"
    __table_args__ = (
        Index("manifests_by_subject", "repository", "subject"),
        Index("manifests_by_image", "repository", "image"),
    )

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    artifact_type: Mapped[str | None]
    subject: Mapped[str | None]
    """What it refers to, for the referrers API."""
    image: Mapped[str]
    """The manifest that a client ends at: of an index the child that a mesh takes, else itself."""
    only_layer: Mapped[str | None]
    """The digest of its layer, if it has just one and that is in this repository."""
    annotations: Mapped[dict[str, str]] = mapped_column(deferred=True)
    size: Mapped[int]
    pushed_at: Mapped[float]
    content: Mapped[bytes] = mapped_column(deferred=True)


class TagRow(Base):
    """A tag and the manifest it names now."""

    __tablename__ = "tags"
    __table_args__ = (Index("tags_by_digest", "repository", "digest"),)

    repository: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
