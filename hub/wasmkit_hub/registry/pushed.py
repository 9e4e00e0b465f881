"""Reading a manifest that is being pushed: the project's one reader, and what a registry adds."""

from __future__ import annotations

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit.artifact.manifest import Index, Manifest, parse
from wasmkit.artifact.media_types import INDEX, INDEX_DOCKER, MANIFEST, MANIFEST_DOCKER
from wasmkit.artifact.shapes import child_of
from wasmkit.errors import RegistryError
from wasmkit_hub.registry.errors import ApiError

__all__ = ["MANIFEST_TYPES", "image_of", "only_layer_of", "read_pushed"]

MANIFEST_TYPES = (MANIFEST, INDEX, MANIFEST_DOCKER, INDEX_DOCKER)
"""What may be pushed. A closed list: the type comes back as the answer's Content-Type, and a
browser must never see ``text/html`` there."""


def read_pushed(content: bytes, content_type: str) -> Manifest | Index:
    """Read a manifest pushed with this Content-Type; raises ApiError (MANIFEST_INVALID)."""
    media_type = content_type.partition(";")[0].strip()
    if media_type not in MANIFEST_TYPES:
        why = f"Content-Type {media_type[:100]!r} is none of {', '.join(MANIFEST_TYPES)}"
        raise ApiError(ErrorCode.MANIFEST_INVALID, why)
    try:
        manifest = parse(content, media_type)
    except RegistryError as exc:
        raise ApiError(ErrorCode.MANIFEST_INVALID, str(exc)) from exc
    if manifest.media_type != media_type:
        why = "its mediaType is not the Content-Type of the request"
        raise ApiError(ErrorCode.MANIFEST_INVALID, why)
    return manifest


def image_of(manifest: Manifest | Index, digest: str) -> str:
    """Return the digest at which a client ends that pulls this manifest to run it."""
    return (child_of(manifest) if isinstance(manifest, Index) else "") or digest


def only_layer_of(manifest: Manifest | Index) -> str | None:
    """Return the digest of a manifest's one layer.

    None if it has none or several, or says that its layer is elsewhere: that may lie here for
    another repository, and is not this one's to show.
    """
    if isinstance(manifest, Index) or len(manifest.layers) != 1 or manifest.layers[0].elsewhere:
        return None
    return manifest.layers[0].digest
