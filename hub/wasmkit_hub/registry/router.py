"""The API's routes under ``/v2``."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from wasmkit_hub.registry import blobs, listings, manifests, uploads

__all__ = ["router"]

router = APIRouter(prefix="/v2")


@router.api_route("", methods=["GET", "HEAD"])
@router.api_route("/", methods=["GET", "HEAD"])
async def api_version() -> JSONResponse:  # waits for no thread that renders a page
    """Say that this is a registry (end-1)."""
    return JSONResponse({}, headers={"Docker-Distribution-API-Version": "registry/2.0"})


# Uploads first: "/blobs/uploads/" would also fit as the beginning of a repository's name.
for part in (uploads, blobs, manifests, listings):
    router.include_router(part.router)
