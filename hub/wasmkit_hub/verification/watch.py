"""What verification does when something is pushed: take it in, and have it looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.manifest import Index, Manifest
from wasmkit.artifact.shapes import is_packed, module_layer
from wasmkit_hub.platform.jobs import enqueue
from wasmkit_hub.verification.claims import claims_of, write_claims
from wasmkit_hub.verification.tables import ImageRow, PaperRow, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from wasmkit_hub.registry.tables import ManifestRow

__all__ = ["MEASURE", "PAPERS", "RENDER", "Watch"]

MEASURE, RENDER = "measure", "render"
"""Kinds of jobs."""
PAPERS = (oci.TYPE_README, oci.TYPE_CONFIG_SCHEMA)
"""Referrers that are made ready for a page."""


class Watch:
    """A ``registry.watcher.Watcher``; ``refresh`` brings the catalogue up to date."""

    def __init__(self, *, serve_blocked: bool, refresh: Callable[[Session, str], None]) -> None:
        self._serve_blocked = serve_blocked
        self._refresh = refresh

    def pushed(
        self, session: Session, row: ManifestRow, manifest: Manifest | Index, *, is_new: bool
    ) -> None:
        """Take an image in as one to be measured, and have its papers made ready."""
        if row.subject is not None:
            self._referred(session, row, is_new=is_new)
        elif isinstance(manifest, Manifest):
            self._image(session, row, manifest, is_new=is_new)

    def deleted(self, session: Session, row: ManifestRow) -> None:
        """Forget an image."""
        image = session.get(ImageRow, (row.repository, row.digest))
        if image is not None:
            session.delete(image)

    def changed(self, session: Session, repository: str) -> None:
        """Bring the catalogue up to date."""
        self._refresh(session, repository)

    def withheld(self, session: Session, repository: str, digest: str) -> str:
        """Say why an image is blocked, if it is."""
        image = None if self._serve_blocked else session.get(ImageRow, (repository, digest))
        if image is None or image.state != State.BLOCKED:
            return ""
        return "; ".join(image.reasons)

    def _image(
        self, session: Session, row: ManifestRow, manifest: Manifest, *, is_new: bool
    ) -> None:
        image = session.get(ImageRow, (row.repository, row.digest))
        if image is None and is_new:
            image = _new_image(row, manifest)
            if image is None:
                return
            session.add(image)
            measure(session, image)
        elif image is not None and image.state == State.BLOCKED and not image.module_sha256:
            measure(session, image)  # it may go better than the last time

    def _referred(self, session: Session, row: ManifestRow, *, is_new: bool) -> None:
        if row.artifact_type == oci.TYPE_DOCUMENT and is_new:
            image = session.get(ImageRow, (row.repository, row.subject))
            if image is not None:
                measure(session, image)
        elif row.artifact_type in PAPERS and row.only_layer is not None:
            key = (row.only_layer, row.artifact_type)
            if session.get(PaperRow, key) is None:
                session.add(PaperRow(digest=key[0], kind=key[1], content={}))
                enqueue(session, RENDER, row.only_layer, {"digest": key[0], "kind": key[1]})


def measure(session: Session, image: ImageRow) -> None:
    """Have an image measured, in the caller's transaction."""
    image.state, image.reasons = State.MEASURING, []
    payload = {"repository": image.repository, "digest": image.digest}
    enqueue(session, MEASURE, f"{image.repository}@{image.digest}", payload)


def _new_image(row: ManifestRow, manifest: Manifest) -> ImageRow | None:
    """Return the entry of an image that holds a module, or may; None for anything else."""
    layer = module_layer(manifest)
    if layer is None or layer.elsewhere:
        return None
    image = ImageRow(
        repository=row.repository,
        digest=row.digest,
        state=State.MEASURING,
        reasons=[],
        listed=not is_packed(layer) or _says_so(manifest),
        pushed_at=row.pushed_at,
        module_sha256="",
        module_size=0,
        abi="",
        module={},
    )
    write_claims(image, claims_of(manifest.annotations))
    return image


def _says_so(manifest: Manifest) -> bool:
    """Say whether an archive claims to hold a module, as solo-io's shape and this project's do."""
    names = (oci.ANNOTATION_MODULE_SHA256, oci.ANNOTATION_VARIANT)
    return any(name in manifest.annotations for name in names)
