"""Keeping the list of filters in step with what the registry holds, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from wasmkit_hub.catalogue.tables import FilterRow
from wasmkit_hub.catalogue.versions import version_key
from wasmkit_hub.registry.tables import ManifestRow, TagRow
from wasmkit_hub.verification.tables import ImageRow, State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Version", "newest_of", "refresh", "versions_of"]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a filter: its image and the tags that lead to it."""

    image: ImageRow
    tags: tuple[str, ...]

    @property
    def label(self) -> str:
        """What it is called: the author's version, else a tag."""
        return self.image.version or self.tags[0]

    @property
    def is_blocked(self) -> bool:
        """Whether its tags lead nowhere."""
        return self.image.state == State.BLOCKED


def versions_of(session: Session, repository: str) -> tuple[Version, ...]:
    """Return a filter's versions that have tags, newest first; empty if there is no such filter."""
    rows = session.execute(
        select(ImageRow, TagRow.name)
        .join(
            ManifestRow,
            (ManifestRow.repository == ImageRow.repository)
            & (ManifestRow.image == ImageRow.digest),
        )
        .join(
            TagRow,
            (TagRow.repository == ManifestRow.repository) & (TagRow.digest == ManifestRow.digest),
        )
        .where(ImageRow.repository == repository, ImageRow.listed)
        .order_by(TagRow.name)
    )
    images: dict[str, tuple[ImageRow, list[str]]] = {}
    for image, tag in rows:
        images.setdefault(image.digest, (image, []))[1].append(tag)
    versions = [Version(image, tuple(tags)) for image, tags in images.values()]
    return tuple(sorted(versions, key=_order, reverse=True))


def _order(version: Version) -> tuple[object, ...]:
    said = version.image.version
    numbers = [said] if said else version.tags
    return max(version_key(number) for number in numbers), version.image.pushed_at


def newest_of(versions: tuple[Version, ...]) -> Version:
    """Return the version that stands for a filter: the newest that is not blocked, if any is."""
    return next((each for each in versions if not each.is_blocked), versions[0])


def refresh(session: Session, repository: str) -> None:
    """Bring the list's entry of one repository up to date after a push, a verdict, a deletion."""
    versions = versions_of(session, repository)
    if not versions:
        listed = session.get(FilterRow, repository)
        if listed is not None:
            session.delete(listed)
        return
    shown = newest_of(versions).image
    session.merge(
        FilterRow(
            repository=repository,
            digest=shown.digest,
            name=shown.name,
            search_name=f"{shown.name} {repository}".casefold(),
            search_text=shown.description.casefold(),
            updated_at=max(version.image.pushed_at for version in versions),
        )
    )
