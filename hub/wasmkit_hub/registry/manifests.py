"""Pushing, pulling and deleting manifests (distribution-spec 1.1, #pushing-manifests)."""

import time

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from sqlalchemy import delete
from sqlalchemy.orm import Session

from wasmkit_hub.catalogue.image import describe_image
from wasmkit_hub.catalogue.index import refresh
from wasmkit_hub.manifest import Manifest, ManifestError, parse_manifest
from wasmkit_hub.registry.access import Hub, HubState, visible_blob
from wasmkit_hub.registry.bodies import read_body
from wasmkit_hub.registry.errors import ApiError, ErrorCode
from wasmkit_hub.registry.names import Repository, digest_of, is_tag
from wasmkit_hub.storage.digest import Digest
from wasmkit_hub.storage.tables import ImageRow, ManifestRow, TagRow

__all__ = ["router"]

router = APIRouter()

_MANIFEST = "/{name:path}/manifests/{reference}"


def _find(session: Session, repository: str, reference: str) -> ManifestRow:
    if ":" in reference:
        digest = str(digest_of(reference))
    else:
        tag = session.get(TagRow, (repository, reference))
        digest = "" if tag is None else tag.digest
    row = session.get(ManifestRow, (repository, digest))
    if row is None:
        raise ApiError(ErrorCode.MANIFEST_UNKNOWN, f"{repository} has no {reference[:150]!r}")
    return row


@router.api_route(_MANIFEST, methods=["GET", "HEAD"])
def get_manifest(request: Request, name: Repository, reference: str, hub: Hub) -> Response:
    """Send a manifest, byte for byte as it was pushed (end-3)."""
    with hub.store.database.read() as session:
        row = _find(session, name, reference)
        content = row.content
    headers = {"Docker-Content-Digest": row.digest, "ETag": f'"{row.digest}"'}
    if request.method == "HEAD":
        headers["Content-Length"] = str(row.size)
        content = b""
    return Response(content, media_type=row.media_type, headers=headers)


def _check_parts(session: Session, hub: HubState, repository: str, manifest: Manifest) -> None:
    """Refuse a manifest whose parts are not all here; its subject may come later."""
    for part in manifest.blobs:
        if part.elsewhere:
            continue
        try:
            size = visible_blob(session, hub, repository, part.digest)
        except ApiError as exc:
            raise ApiError(ErrorCode.MANIFEST_BLOB_UNKNOWN, str(part.digest)) from exc
        if size != part.size:
            raise ApiError(
                ErrorCode.MANIFEST_INVALID, f"{part.digest} has {size} bytes, not {part.size}"
            )
    for child in manifest.children:
        if session.get(ManifestRow, (repository, str(child.digest))) is None:
            raise ApiError(ErrorCode.MANIFEST_BLOB_UNKNOWN, str(child.digest))


def _describe(hub: HubState, repository: str, manifest: Manifest) -> ImageRow | None:
    with hub.store.database.read() as session:
        _check_parts(session, hub, repository, manifest)
    return describe_image(
        manifest, hub.store.blobs, repository=repository, limit=hub.settings.blob_limit
    )


def _digest_of_content(content: bytes, reference: str) -> Digest:
    """Return the digest that a manifest goes by: what it is pushed under, or its SHA-256."""
    if ":" not in reference:
        return Digest.of(content)
    announced = digest_of(reference)
    digest = Digest.of(content, announced.algorithm)
    if digest != announced:
        raise ApiError(ErrorCode.DIGEST_INVALID, f"the manifest's digest is {digest}")
    return digest


def _save(hub: HubState, name: str, reference: str, content: bytes, content_type: str) -> Response:
    manifest = parse_manifest(content, content_type)
    row = ManifestRow(
        repository=name,
        digest=str(_digest_of_content(content, reference)),
        media_type=manifest.media_type,
        artifact_type=manifest.artifact_type,
        subject=None if manifest.subject is None else str(manifest.subject),
        annotations=manifest.annotations,
        size=len(content),
        pushed_at=time.time(),
        content=content,
    )
    image = _describe(hub, name, manifest)  # may read a large layer: before the transaction
    with hub.store.database.write() as session:
        _check_parts(session, hub, name, manifest)
        _write(session, row, image)
        if ":" not in reference:
            session.merge(TagRow(repository=name, name=reference, digest=row.digest))
        refresh(session, name)
    headers = {
        "Location": f"/v2/{name}/manifests/{row.digest}",
        "Docker-Content-Digest": row.digest,
    }
    if row.subject is not None:
        headers["OCI-Subject"] = row.subject
    return Response(status_code=201, headers=headers)


def _write(session: Session, row: ManifestRow, image: ImageRow | None) -> None:
    """Add the rows that are not there yet: pushed again, a manifest keeps its time."""
    key = (row.repository, row.digest)
    if session.get(ManifestRow, key) is None:
        session.add(row)
    if image is not None and session.get(ImageRow, key) is None:
        image.digest, image.pushed_at = row.digest, row.pushed_at
        session.add(image)


@router.put(_MANIFEST)
async def put_manifest(request: Request, name: Repository, reference: str, hub: Hub) -> Response:
    """Take a manifest under a tag or its digest (end-7).

    It, its tag and its entry in the catalogue become visible at one moment.
    """
    if ":" in reference:
        digest_of(reference)
    elif not is_tag(reference):
        raise ApiError(ErrorCode.MANIFEST_INVALID, f"{reference[:150]!r} is not a tag")
    settings = hub.settings
    content = await read_body(
        request, limit=settings.manifest_limit, idle_timeout=settings.idle_timeout
    )
    content_type = request.headers.get("content-type", "")
    try:
        return await to_thread.run_sync(_save, hub, name, reference, content, content_type)
    except ManifestError as exc:
        raise ApiError(ErrorCode.MANIFEST_INVALID, str(exc)) from exc


@router.delete(_MANIFEST)
def delete_manifest(name: Repository, reference: str, hub: Hub) -> Response:
    """Delete a tag, or a manifest with all its tags (end-9)."""
    with hub.store.database.write() as session:
        row = _find(session, name, reference)
        tags = delete(TagRow).where(TagRow.repository == name)
        if ":" in reference:
            session.execute(tags.where(TagRow.digest == row.digest))
            session.execute(
                delete(ImageRow).where(ImageRow.repository == name, ImageRow.digest == row.digest)
            )
            session.delete(row)
        else:
            session.execute(tags.where(TagRow.name == reference))
        refresh(session, name)
    return Response(status_code=202)
