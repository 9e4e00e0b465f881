"""What came along with an image, as it was made ready for pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from wasmkit.artifact import media_types as oci
from wasmkit_hub.registry.tables import ManifestRow, RepositoryBlobRow
from wasmkit_hub.verification.tables import PaperRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from wasmkit_hub.verification.tables import ImageRow

__all__ = ["Paper", "Papers", "newest_layer", "papers_of"]


@dataclass(frozen=True, slots=True)
class Paper:
    """A README or schema: where the whole of it lies, and what stands on a page."""

    digest: str
    content: dict[str, Any]
    """As ``tasks.render`` returns it; empty while it is being made."""

    @property
    def failed(self) -> str:
        """Why it cannot be shown, or nothing."""
        return str(self.content.get("failed", ""))

    @property
    def is_ready(self) -> bool:
        """Whether it can be shown."""
        return bool(self.content) and not self.failed


@dataclass(frozen=True, slots=True)
class Papers:
    """What came along, each None if it did not; ``module``: its bare bytes can be pulled."""

    readme: Paper | None
    schema: Paper | None
    document: str | None
    """The digest of the filter document."""
    module: bool


def papers_of(session: Session, image: ImageRow) -> Papers:
    """Gather what refers to an image, whichever of them came first."""
    module = (image.repository, f"sha256:{image.module_sha256}")
    return Papers(
        readme=_paper(session, image, oci.TYPE_README),
        schema=_paper(session, image, oci.TYPE_CONFIG_SCHEMA),
        document=newest_layer(session, image.repository, image.digest, oci.TYPE_DOCUMENT),
        module=session.get(RepositoryBlobRow, module) is not None,
    )


def newest_layer(session: Session, repository: str, image: str, artifact_type: str) -> str | None:
    """Return the one layer of an image's newest referrer of a type; None if it has not one."""
    return session.scalars(
        select(ManifestRow.only_layer)
        .where(
            ManifestRow.repository == repository,
            ManifestRow.subject == image,
            ManifestRow.artifact_type == artifact_type,
        )
        .order_by(ManifestRow.pushed_at.desc(), ManifestRow.digest)
        .limit(1)
    ).first()


def _paper(session: Session, image: ImageRow, artifact_type: str) -> Paper | None:
    digest = newest_layer(session, image.repository, image.digest, artifact_type)
    row = None if digest is None else session.get(PaperRow, (digest, artifact_type))
    return None if digest is None or row is None else Paper(digest, row.content)
