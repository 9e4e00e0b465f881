"""What a repository has: its tags, and what refers to a manifest (distribution-spec 1.1)."""

import json
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit.artifact.media_types import INDEX
from wasmkit_hub.registry.access import Hub
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import BlobDigest, Repository
from wasmkit_hub.registry.tables import ManifestRow, RepositoryBlobRow, TagRow

__all__ = ["router"]

router = APIRouter()

_MOST_TAGS = 1000
_MOST_BYTES = 4 * 1024 * 1024
"""Clients may refuse a longer index of referrers (distribution-spec 1.1, #listing-referrers)."""


def _next(path: str, **query: str) -> dict[str, str]:
    return {"Link": f'<{path}?{urlencode(query)}>; rel="next"'}


def _check_known(session: Session, repository: str) -> None:
    for table in (ManifestRow, RepositoryBlobRow):
        query = select(table.digest).where(table.repository == repository).limit(1)
        if session.scalar(query) is not None:
            return
    raise ApiError(ErrorCode.NAME_UNKNOWN, repository)


def _count(text: str | None) -> int:
    if text is None:
        return _MOST_TAGS
    if not text.isascii() or not text.isdigit():
        raise ApiError(ErrorCode.UNSUPPORTED, "n must be a number from 0", status=400)
    return min(int(text[:9]), _MOST_TAGS)


@router.get("/{name:path}/tags/list")
def list_tags(
    name: Repository, hub: Hub, n: str | None = None, last: str | None = None
) -> JSONResponse:
    """List tags in lexical order (end-8), ``n`` at most, beginning after ``last``."""
    count = _count(n)
    query = select(TagRow.name).where(TagRow.repository == name).order_by(TagRow.name)
    if last is not None:
        query = query.where(TagRow.name > last)
    with hub.database.read() as session:
        _check_known(session, name)
        tags = list(session.scalars(query.limit(count + 1)))
    more = len(tags) > count > 0
    tags = tags[:count]
    headers = _next(f"/v2/{name}/tags/list", n=str(count), last=tags[-1]) if more else None
    return JSONResponse({"name": name, "tags": tags}, headers=headers)


def _descriptor(row: ManifestRow) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "mediaType": row.media_type,
        "digest": row.digest,
        "size": row.size,
    }
    if row.artifact_type is not None:
        descriptor["artifactType"] = row.artifact_type
    if row.annotations:
        descriptor["annotations"] = row.annotations
    return descriptor


def _page(rows: Iterable[ManifestRow]) -> tuple[list[dict[str, Any]], bool]:
    """Take descriptors until the answer is full; at least one, so that a client gets on."""
    descriptors: list[dict[str, Any]] = []
    room = _MOST_BYTES - 1024
    for row in rows:
        descriptor = _descriptor(row)
        room -= len(json.dumps(descriptor)) + 2
        if descriptors and room < 0:
            return descriptors, True
        descriptors.append(descriptor)
    return descriptors, False


@router.get("/{name:path}/referrers/{digest}")
def list_referrers(
    name: Repository,
    digest: BlobDigest,
    hub: Hub,
    artifact_type: Annotated[str | None, Query(alias="artifactType")] = None,
    last: str = "",
) -> Response:
    """List the manifests whose subject this is (end-12), if there are any."""
    # Few at a time: the annotations of one may take up as much as a whole manifest.
    query = (
        select(ManifestRow)
        .options(undefer(ManifestRow.annotations))
        .where(
            ManifestRow.repository == name,
            ManifestRow.subject == str(digest),
            ManifestRow.digest > last,
        )
    )
    if artifact_type is not None:
        query = query.where(ManifestRow.artifact_type == artifact_type)
    with hub.database.read() as session:
        rows = session.scalars(query.order_by(ManifestRow.digest).execution_options(yield_per=4))
        descriptors, more = _page(rows)
    headers: dict[str, str] = {}
    if more:
        asked = {} if artifact_type is None else {"artifactType": artifact_type}
        path = f"/v2/{name}/referrers/{digest}"
        headers |= _next(path, **asked, last=descriptors[-1]["digest"])
    if artifact_type is not None:
        headers["OCI-Filters-Applied"] = "artifactType"
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": descriptors}
    return JSONResponse(index, headers=headers, media_type=INDEX)
