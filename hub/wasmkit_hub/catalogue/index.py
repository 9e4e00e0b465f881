"""Keeping the list of filters in step with what the registry holds, in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from wasmkit_hub.catalogue.versions import version_key
from wasmkit_hub.storage.tables import FilterRow, ImageRow, TagRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["refresh", "tagged_images"]


def tagged_images(session: Session, repository: str) -> list[tuple[ImageRow, list[str]]]:
    """Return a repository's filter images that have tags, newest version first, with the tags."""
    rows = session.execute(
        select(ImageRow, TagRow.name)
        .join(
            TagRow,
            (TagRow.repository == ImageRow.repository) & (TagRow.digest == ImageRow.digest),
        )
        .where(ImageRow.repository == repository)
        .order_by(TagRow.name)
    )
    images: dict[str, tuple[ImageRow, list[str]]] = {}
    for image, tag in rows:
        images.setdefault(image.digest, (image, []))[1].append(tag)
    return sorted(
        images.values(),
        key=lambda entry: (version_key(entry[0].version), entry[0].pushed_at),
        reverse=True,
    )


def refresh(session: Session, repository: str) -> None:
    """Bring the list's entry of one repository up to date after a push or a deletion."""
    session.flush()
    images = tagged_images(session, repository)
    if not images:
        listed = session.get(FilterRow, repository)
        if listed is not None:
            session.delete(listed)
        return
    newest = images[0][0]
    session.merge(
        FilterRow(
            repository=repository,
            digest=newest.digest,
            name=newest.name,
            search_name=f"{newest.name} {repository}".casefold(),
            search_text=newest.description.casefold(),
            updated_at=max(image.pushed_at for image, _ in images),
        )
    )
