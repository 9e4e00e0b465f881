"""Pushing, pulling and deleting manifests (distribution-spec 1.1, #pushing-manifests)."""

import time
from collections.abc import Iterable

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wasmkit.artifact.descriptor import Descriptor
from wasmkit.artifact.error_codes import ErrorCode
from wasmkit.artifact.manifest import Index, Manifest
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.registry.access import Hub, HubState
from wasmkit_hub.registry.bodies import read_body
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import Repository, digest_of, is_tag
from wasmkit_hub.registry.pushed import image_of, only_layer_of, read_pushed
from wasmkit_hub.registry.tables import ManifestRow, RepositoryBlobRow, TagRow

__all__ = ["find_manifest", "router"]

router = APIRouter()

_MANIFEST = "/{name:path}/manifests/{reference}"
_AT_ONCE = 500
"""Digests in one question to the database."""


def find_manifest(session: Session, repository: str, reference: str) -> ManifestRow:
    """Return the manifest under a tag or digest; raises ApiError (MANIFEST_UNKNOWN)."""
    if ":" in reference:
        digest = str(digest_of(reference))
    else:
        tag = session.get(TagRow, (repository, reference))
        digest = "" if tag is None else tag.digest
    row = session.get(ManifestRow, (repository, digest))
    if row is None:
        raise ApiError(ErrorCode.MANIFEST_UNKNOWN, f"{repository} has no {reference[:150]!r}")
    return row


def _check_served(session: Session, hub: HubState, row: ManifestRow, reference: str) -> None:
    """Refuse a tag that leads to what is withheld; a digest is a reader's own decision."""
    if ":" in reference:
        return
    why = hub.watcher.withheld(session, row.repository, row.image)
    if why:
        raise ApiError(ErrorCode.MANIFEST_UNKNOWN, message=f"{reference} is blocked: {why}")


@router.api_route(_MANIFEST, methods=["GET", "HEAD"])
def get_manifest(request: Request, name: Repository, reference: str, hub: Hub) -> Response:
    """Send a manifest, byte for byte as it was pushed (end-3)."""
    with hub.database.read() as session:
        row = find_manifest(session, name, reference)
        _check_served(session, hub, row, reference)
        content = b"" if request.method == "HEAD" else row.content
    headers = {"Docker-Content-Digest": row.digest, "ETag": f'"{row.digest}"'}
    if request.method == "HEAD":
        headers["Content-Length"] = str(row.size)
    return Response(content, media_type=row.media_type, headers=headers)


def _check_sizes(hub: HubState, parts: Iterable[Descriptor]) -> None:
    """Refuse a manifest that is mistaken about a blob; asks for each blob once."""
    for part in dict.fromkeys(parts):
        size = hub.objects.size(Digest.parse(part.digest))
        if size is None:
            raise ApiError(ErrorCode.MANIFEST_BLOB_UNKNOWN, part.digest)
        if size != part.size:
            why = f"{part.digest} has {size} bytes, not {part.size}"
            raise ApiError(ErrorCode.MANIFEST_INVALID, why)


def _check_known(
    session: Session,
    table: type[ManifestRow | RepositoryBlobRow],
    repository: str,
    parts: Iterable[Descriptor],
) -> None:
    """Refuse a manifest some of whose parts this repository does not have."""
    wanted = [*{part.digest for part in parts}]
    for start in range(0, len(wanted), _AT_ONCE):
        asked = wanted[start : start + _AT_ONCE]
        found = session.scalars(
            select(table.digest).where(table.repository == repository, table.digest.in_(asked))
        )
        missing = set(asked) - set(found)
        if missing:
            raise ApiError(ErrorCode.MANIFEST_BLOB_UNKNOWN, min(missing))


def _digest_of_content(content: bytes, reference: str) -> Digest:
    """Return the digest that a manifest goes by: what it is pushed under, or its SHA-256."""
    if ":" not in reference:
        return Digest.of(content)
    announced = digest_of(reference)
    digest = Digest.of(content, announced.algorithm)
    if digest != announced:
        raise ApiError(ErrorCode.DIGEST_INVALID, f"the manifest's digest is {digest}")
    return digest


def _row(name: str, digest: str, content: bytes, manifest: Manifest | Index) -> ManifestRow:
    return ManifestRow(
        repository=name,
        digest=digest,
        media_type=manifest.media_type,
        artifact_type=manifest.artifact_type or None,
        subject=manifest.subject or None,
        image=image_of(manifest, digest),
        only_layer=only_layer_of(manifest),
        annotations=manifest.annotations,
        size=len(content),
        pushed_at=time.time(),
        content=content,
    )


def _save(hub: HubState, name: str, reference: str, content: bytes, content_type: str) -> Response:
    manifest = read_pushed(content, content_type)
    row = _row(name, str(_digest_of_content(content, reference)), content, manifest)
    blobs: list[Descriptor] = []
    children: list[Descriptor] = []
    if isinstance(manifest, Index):
        children = [entry.descriptor for entry in manifest.manifests]
    else:
        blobs = [part for part in (manifest.config, *manifest.layers) if not part.elsewhere]
    _check_sizes(hub, blobs)
    with hub.database.write() as session:
        _check_known(session, RepositoryBlobRow, name, blobs)
        _check_known(session, ManifestRow, name, children)
        kept = session.get(ManifestRow, (name, row.digest))
        if kept is None:  # pushed again, a manifest keeps its time
            session.add(row)
        if ":" not in reference:
            session.merge(TagRow(repository=name, name=reference, digest=row.digest))
        session.flush()
        hub.watcher.pushed(session, kept or row, manifest, is_new=kept is None)
        hub.watcher.changed(session, name)
    headers = {
        "Location": f"/v2/{name}/manifests/{row.digest}",
        "Docker-Content-Digest": row.digest,
    }
    if row.subject is not None:
        headers["OCI-Subject"] = row.subject
    return Response(status_code=201, headers=headers)


@router.put(_MANIFEST)
async def put_manifest(request: Request, name: Repository, reference: str, hub: Hub) -> Response:
    """Take a manifest under a tag or its digest (end-7).

    It, its tag and its entry in the catalogue become visible at one moment. What it holds is
    looked at afterwards.
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
    return await to_thread.run_sync(_save, hub, name, reference, content, content_type)


@router.delete(_MANIFEST)
def delete_manifest(name: Repository, reference: str, hub: Hub) -> Response:
    """Delete a tag, or a manifest with all its tags (end-9)."""
    with hub.database.write() as session:
        row = find_manifest(session, name, reference)
        tags = delete(TagRow).where(TagRow.repository == name)
        if ":" in reference:
            session.execute(tags.where(TagRow.digest == row.digest))
            hub.watcher.deleted(session, row)
            session.delete(row)
        else:
            session.execute(tags.where(TagRow.name == reference))
        session.flush()
        hub.watcher.changed(session, name)
    return Response(status_code=202)
