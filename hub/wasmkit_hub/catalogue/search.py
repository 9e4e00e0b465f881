"""Finding filters, and everything that is known of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from wasmkit.artifact import media_types
from wasmkit_hub.catalogue.index import tagged_images
from wasmkit_hub.manifest import parse_manifest
from wasmkit_hub.storage.tables import FilterRow, ImageRow, ManifestRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from wasmkit_hub.storage.blobs import Blobs
    from wasmkit_hub.storage.digest import Digest

__all__ = ["PAGE_SIZE", "Found", "Order", "Papers", "Version", "find", "papers_of", "versions_of"]

PAGE_SIZE = 25
README_LIMIT = 256 * 1024
SCHEMA_LIMIT = 256 * 1024


class Order(Enum):
    """How a list of filters is sorted; the value is what stands in the URL."""

    UPDATED = "updated"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a filter: its image and the tags that name it."""

    image: ImageRow
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search; ``total`` counts all pages."""

    images: tuple[ImageRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Papers:
    """What came along with an image as referrers, each None if it did not or is too long."""

    readme: bytes | None
    schema: bytes | None
    schema_digest: Digest | None
    module: Digest | None
    """The bare module's blob, only if it is the very module of the image."""


def find(session: Session, words: str, order: Order, page: int) -> Found:
    """Search name, repository and description for every one of the words; pages count from 1."""
    query = select(FilterRow)
    folded = words.casefold().split()
    for word in folded:
        in_name = FilterRow.search_name.contains(word, autoescape=True)
        query = query.where(in_name | FilterRow.search_text.contains(word, autoescape=True))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if folded:  # a hit in the name comes before one in the description
        query = query.order_by(
            FilterRow.search_name.contains(" ".join(folded), autoescape=True).desc()
        )
    by = FilterRow.updated_at.desc() if order is Order.UPDATED else FilterRow.search_name
    rows = session.scalars(
        query.order_by(by, FilterRow.repository).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    ).all()
    images = [session.get_one(ImageRow, (row.repository, row.digest)) for row in rows]
    return Found(tuple(images), total)


def versions_of(session: Session, repository: str) -> tuple[Version, ...]:
    """Return a filter's versions, newest first; empty if there is no such filter."""
    return tuple(Version(image, tuple(tags)) for image, tags in tagged_images(session, repository))


def _paper(session: Session, image: ImageRow, artifact_type: str) -> Digest | None:
    """Return the one layer of the newest referrer of this type."""
    row = session.scalars(
        select(ManifestRow)
        .where(
            ManifestRow.repository == image.repository,
            ManifestRow.subject == image.digest,
            ManifestRow.artifact_type == artifact_type,
        )
        .order_by(ManifestRow.pushed_at.desc(), ManifestRow.digest)
        .limit(1)
    ).first()
    if row is None:
        return None
    layers = parse_manifest(row.content, row.media_type).layers
    # What is elsewhere by its own word may lie here for another repository, not for this one.
    return layers[0].digest if len(layers) == 1 and not layers[0].elsewhere else None


def papers_of(session: Session, blobs: Blobs, image: ImageRow) -> Papers:
    """Gather the referrers of an image, whichever of them came first."""
    readme = _paper(session, image, media_types.TYPE_README)
    schema = _paper(session, image, media_types.TYPE_CONFIG_SCHEMA)
    module = _paper(session, image, media_types.TYPE_MODULE)
    same = module is not None and str(module) == f"sha256:{image.module_sha256}"
    return Papers(
        readme=blobs.read(readme, limit=README_LIMIT) if readme else None,
        schema=blobs.read(schema, limit=SCHEMA_LIMIT) if schema else None,
        schema_digest=schema,
        module=module if same else None,
    )
