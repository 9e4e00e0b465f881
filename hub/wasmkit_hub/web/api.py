"""What programs ask the hub beyond the OCI API: the state of a version, and of the jobs."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.platform.jobs import Jobs
from wasmkit_hub.registry.access import Hub
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.manifests import find_manifest
from wasmkit_hub.registry.names import Repository
from wasmkit_hub.registry.tables import TagRow
from wasmkit_hub.verification.tables import ImageRow
from wasmkit_hub.web.address import base_of, page_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1")

_MOST_DEAD = 100


@router.get("/filters/{name:path}/versions/{reference}")
def version_state(request: Request, name: Repository, reference: str, hub: Hub) -> JSONResponse:
    """Say what becomes of a version, by tag or digest: measuring, served or blocked, and why.

    ``module`` holds what was measured, null until then.
    """
    with hub.database.read() as session:
        manifest = find_manifest(session, name, reference)
        image = session.get(ImageRow, (name, manifest.image))
        if image is None:
            raise ApiError(ErrorCode.MANIFEST_UNKNOWN, f"{reference[:150]!r} is not a filter")
        tags = select(TagRow.name).where(
            TagRow.repository == name, TagRow.digest == manifest.digest
        )
        # The page goes by a tag, which people can read, where there is one.
        shown = reference
        if ":" in reference:
            shown = session.scalars(tags.order_by(TagRow.name).limit(1)).first() or reference
        answer: dict[str, Any] = {
            "state": image.state,
            "reasons": image.reasons,
            "digest": image.digest,
            "page": base_of(request) + page_of(name, shown),
            "module": image.module or None,
        }
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


@router.get("/jobs")
def job_states(hub: Hub) -> JSONResponse:
    """Say how many jobs wait and run, and which failed for good."""
    jobs = Jobs(hub.database)
    return JSONResponse(
        {**jobs.counts(), "given_up": jobs.dead(_MOST_DEAD)}, headers={"Cache-Control": "no-store"}
    )
