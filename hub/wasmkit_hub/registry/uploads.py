"""Pushing blobs (distribution-spec 1.1, #pushing-blobs): in one request, in two, or in chunks."""

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.registry.access import Hub, HubState, link_blob, visible_blob
from wasmkit_hub.registry.bodies import append_body, range_of
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import Repository, digest_of, repository_of

__all__ = ["router"]

router = APIRouter()

_UPLOADS = "/{name:path}/blobs/uploads/"
_UPLOAD = _UPLOADS + "{identifier}"


def _location(repository: str, identifier: str) -> str:
    # Without a host, so that it holds behind any proxy (RFC 9110, 10.2.2).
    return f"/v2/{repository}/blobs/uploads/{identifier}"


def _created(repository: str, digest: Digest) -> Response:
    headers = {
        "Location": f"/v2/{repository}/blobs/{digest}",
        "Docker-Content-Digest": str(digest),
    }
    return Response(status_code=201, headers=headers)


def _state(repository: str, identifier: str, size: int, *, status: int) -> Response:
    headers = {
        "Location": _location(repository, identifier),
        "Range": range_of(size),
        "Docker-Upload-UUID": identifier,
    }
    return Response(status_code=status, headers=headers)


def _mounted(hub: HubState, repository: str, digest: Digest, source: str) -> bool:
    with hub.database.read() as session:
        try:
            visible_blob(session, hub, repository_of(source), digest)
        except ApiError:
            return False
    link_blob(hub, repository, digest)
    return True


async def _finish(
    request: Request, hub: HubState, repository: str, identifier: str, digest: Digest
) -> Response:
    with hub.uploads.open(repository, identifier) as upload:
        await to_thread.run_sync(upload.expect, digest)
        await append_body(
            request,
            upload,
            location=_location(repository, identifier),
            idle_timeout=hub.settings.idle_timeout,
        )
        await to_thread.run_sync(upload.commit)
    await to_thread.run_sync(link_blob, hub, repository, digest)
    return _created(repository, digest)


@router.post(_UPLOADS)
async def start_upload(
    request: Request,
    name: Repository,
    hub: Hub,
    digest: str | None = None,
) -> Response:
    """Begin an upload (end-4a), take a whole blob (end-4b), or mount another's blob (end-11)."""
    asked = request.query_params
    if "mount" in asked and "from" in asked:
        wanted = digest_of(asked["mount"])
        if await to_thread.run_sync(_mounted, hub, name, wanted, asked["from"]):
            return _created(name, wanted)
    whole = None if digest is None else digest_of(digest)
    identifier = await to_thread.run_sync(hub.uploads.start, name)
    if whole is None:
        return _state(name, identifier, 0, status=202)
    try:
        return await _finish(request, hub, name, identifier, whole)
    except BaseException:
        # Nobody knows this upload's address, so nobody could go on with it.
        hub.uploads.discard(name, identifier)
        raise


@router.patch(_UPLOAD)
async def append_chunk(request: Request, name: Repository, identifier: str, hub: Hub) -> Response:
    """Add a chunk, or a whole stream without Content-Range (end-5)."""
    with hub.uploads.open(name, identifier) as upload:
        await append_body(
            request,
            upload,
            location=_location(name, identifier),
            idle_timeout=hub.settings.idle_timeout,
        )
        return _state(name, identifier, upload.size, status=202)


@router.put(_UPLOAD)
async def finish_upload(
    request: Request, name: Repository, identifier: str, hub: Hub, digest: str = ""
) -> Response:
    """Add the last bytes, if any, and turn the upload into a blob (end-6)."""
    return await _finish(request, hub, name, identifier, digest_of(digest))


@router.get(_UPLOAD)
def upload_state(name: Repository, identifier: str, hub: Hub) -> Response:
    """Say how far an upload has come (end-13)."""
    return _state(name, identifier, hub.uploads.size(name, identifier), status=204)


@router.delete(_UPLOAD)
def cancel_upload(name: Repository, identifier: str, hub: Hub) -> Response:
    """Throw an upload away (end-14, after 1.1.1)."""
    hub.uploads.size(name, identifier)
    hub.uploads.discard(name, identifier)
    return Response(status_code=204)
