"""What an image says of itself. Every word of it is a stranger's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmkit.artifact import media_types
from wasmkit_hub.catalogue.module import measure_module
from wasmkit_hub.manifest import ManifestError
from wasmkit_hub.storage.tables import ImageRow
from wasmkit_hub.text import plain_line

if TYPE_CHECKING:
    from wasmkit_hub.manifest import Manifest
    from wasmkit_hub.storage.blobs import Blobs

__all__ = ["describe_image"]

_SHORT, _LONG = 100, 1000
_CAPABILITY = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_MOST_CAPABILITIES = 100


def _capabilities(text: str) -> list[str]:
    names = {name for name in text[:10_000].split(",") if _CAPABILITY.fullmatch(name)}
    return sorted(names)[:_MOST_CAPABILITIES]


def _is_filter(manifest: Manifest) -> bool:
    """Say whether this claims to be a filter's image, as ``wasmkit push`` makes them."""
    return (
        manifest.media_type == media_types.MANIFEST
        and manifest.subject is None
        and media_types.ANNOTATION_MODULE_SHA256 in manifest.annotations
    )


def describe_image(
    manifest: Manifest, blobs: Blobs, *, repository: str, limit: int
) -> ImageRow | None:
    """Return the catalogue's entry, still without digest and time; None if it is no filter.

    Raises ManifestError if it says that it is a filter and holds another module than it says,
    or none: a reader of the hub's page would pin the wrong digest. The layers must be there.
    """
    if not _is_filter(manifest):
        return None
    if [layer.media_type for layer in manifest.layers] != [media_types.LAYER_TAR_GZIP]:
        raise ManifestError(f"a filter has one layer, {media_types.LAYER_TAR_GZIP}")
    if manifest.layers[0].elsewhere:
        raise ManifestError("a filter's layer must be in this registry, without urls")
    module = measure_module(blobs.path(manifest.layers[0].digest), limit=limit)
    said = manifest.annotations[media_types.ANNOTATION_MODULE_SHA256]
    if said != module.sha256:
        raise ManifestError(
            f"{media_types.ANNOTATION_MODULE_SHA256} is {said[:64]!r}, "
            f"its layer holds the module {module.sha256}"
        )

    def note(name: str, length: int = _SHORT) -> str:
        return plain_line(manifest.annotations.get(name, ""), length)

    return ImageRow(
        repository=repository,
        name=note(media_types.ANNOTATION_TITLE) or repository.rpartition("/")[2],
        version=note(media_types.ANNOTATION_VERSION),
        description=note(media_types.ANNOTATION_DESCRIPTION, _LONG),
        licenses=note(media_types.ANNOTATION_LICENSES),
        authors=note(media_types.ANNOTATION_AUTHORS, _LONG),
        module_sha256=module.sha256,
        module_size=module.size,
        abi=note(media_types.ANNOTATION_ABI),
        capabilities=_capabilities(
            manifest.annotations.get(media_types.ANNOTATION_CAPABILITIES, "")
        ),
        root_id=note(media_types.ANNOTATION_ROOT_ID, _LONG),
        lowest_envoy=note(media_types.ANNOTATION_LOWEST_ENVOY),
        language=note(media_types.ANNOTATION_LANGUAGE),
        kind=note(media_types.ANNOTATION_KIND),
    )
