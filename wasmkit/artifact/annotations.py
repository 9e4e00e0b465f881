"""A filter document as annotations of its image, for tools that read no filter document.

Everything here is data the author wrote or the module itself shows; nothing depends on the
machine or the clock, so that the same filter gets the same manifest everywhere.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wasmkit.artifact import media_types as oci
from wasmkit.errors import InputError

if TYPE_CHECKING:
    from wasmkit.project.document import FilterDocument

__all__ = ["annotations_of", "creation_time"]


def annotations_of(document: FilterDocument, created: str = "") -> dict[str, str]:
    """Return the image manifest's annotations, as ``media_types`` describes them.

    What is unknown leaves none. ``created`` is RFC 3339 text, see ``creation_time``.
    """
    facts, module = document.filter, document.module
    capabilities = {name.partition(".")[2] for name in module.imports}
    annotations = {
        oci.ANNOTATION_TITLE: facts.name,
        oci.ANNOTATION_VERSION: facts.version,
        oci.ANNOTATION_DESCRIPTION: facts.description,
        oci.ANNOTATION_LICENSES: facts.license,
        oci.ANNOTATION_AUTHORS: ", ".join(facts.authors),
        oci.ANNOTATION_CREATED: created,
        oci.ANNOTATION_ABI: module.abi_version or "",
        oci.ANNOTATION_ROOT_ID: facts.root_id,
        oci.ANNOTATION_LOWEST_ENVOY: facts.lowest_envoy,
        oci.ANNOTATION_MODULE_SHA256: module.sha256,
        oci.ANNOTATION_MODULE_SIZE: str(module.size),
        oci.ANNOTATION_CAPABILITIES: ",".join(sorted(capabilities)),
        oci.ANNOTATION_LANGUAGE: facts.language,
        oci.ANNOTATION_KIND: facts.kind,
        oci.ANNOTATION_VARIANT: oci.VARIANT_COMPAT,
    }
    return {name: text for name, text in annotations.items() if text}


def creation_time() -> str:
    """Return ``SOURCE_DATE_EPOCH`` as RFC 3339, or empty text when it is not set.

    A time of day would give each push another digest; reproducible-builds.org names this variable
    for the time that a build may claim. Raises ``InputError`` if it is not a number of seconds.
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not seconds:
        return ""
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"the environment variable SOURCE_DATE_EPOCH is {seconds[:40]!r}",
            hint="set it to a number of seconds since 1970, or unset it",
        ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
