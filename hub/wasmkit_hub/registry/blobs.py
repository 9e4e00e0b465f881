"""Pulling blobs (distribution-spec 1.1, #pulling-blobs)."""

from fastapi import APIRouter, Response

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.registry.access import Hub, visible_blob
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import BlobDigest, Repository

__all__ = ["router"]

router = APIRouter()

_WASM_MAGIC = b"\0asm"


@router.api_route("/{name:path}/blobs/{digest}", methods=["GET", "HEAD"])
def get_blob(name: Repository, digest: BlobDigest, hub: Hub) -> Response:
    """Send a blob or a Range of it (end-2), never a redirect: Envoy follows none."""
    with hub.database.read() as session:
        visible_blob(session, hub, name, digest)
    with hub.objects.open(digest) as file:
        is_module = file.read(len(_WASM_MAGIC)) == _WASM_MAGIC
    return hub.objects.send(
        digest,
        # Either of the two and nothing that the pusher chose: a browser will not run it.
        media_type="application/wasm" if is_module else "application/octet-stream",
        headers={
            "Docker-Content-Digest": str(digest),
            "ETag": f'"{digest}"',
            "Cache-Control": "public, max-age=31536000, immutable",
        },
    )


@router.delete("/{name:path}/blobs/{digest}")
def delete_blob(name: Repository, digest: BlobDigest) -> Response:
    """Refuse: a blob goes when nothing needs it any more, not before (end-10 allows this)."""
    del name, digest
    raise ApiError(ErrorCode.UNSUPPORTED, "blobs are not deleted one by one")
