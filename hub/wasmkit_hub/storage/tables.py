"""The rows: what each repository holds, and what the catalogue says of it.

Times are seconds since 1970 in UTC. Digests are written out (``sha256:...``). Manifests lie here
byte for byte, because they become visible together with their tags and their catalogue entry.
"""

from __future__ import annotations

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["Base", "FilterRow", "ImageRow", "ManifestRow", "RepositoryBlobRow", "TagRow"]


class Base(DeclarativeBase):
    """Parent of all tables."""

    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        dict[str, str]: JSON,
        list[str]: JSON,
        str: String,
    }


class RepositoryBlobRow(Base):
    """Says that a repository may show a blob."""

    __tablename__ = "repository_blobs"

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)


class ManifestRow(Base):
    """A manifest as it was pushed; ``subject`` is what it refers to, for the referrers API."""

    __tablename__ = "manifests"
    __table_args__ = (Index("manifests_by_subject", "repository", "subject"),)

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    artifact_type: Mapped[str | None]
    subject: Mapped[str | None]
    annotations: Mapped[dict[str, str]]
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


class ImageRow(Base):
    """One filter image: its annotations, cut to length, and what was measured of its module."""

    __tablename__ = "images"

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    description: Mapped[str]
    licenses: Mapped[str]
    authors: Mapped[str]
    module_sha256: Mapped[str]
    module_size: Mapped[int]
    abi: Mapped[str]
    capabilities: Mapped[list[str]]
    root_id: Mapped[str]
    lowest_envoy: Mapped[str]
    language: Mapped[str]
    kind: Mapped[str]
    pushed_at: Mapped[float]


class FilterRow(Base):
    """One repository that holds filter images, as the list shows it: its newest version."""

    __tablename__ = "filters"

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    name: Mapped[str]
    search_name: Mapped[str]
    """Name and repository, casefolded: SQLite's own LIKE folds ASCII only."""
    search_text: Mapped[str]
    """Description, casefolded."""
    updated_at: Mapped[float] = mapped_column(index=True)
