"""What is said about a published filter: its annotations.

Everything here is data the author wrote or the module itself shows; nothing depends on the
machine or the clock, so that the same filter gets the same manifest everywhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from wasmkit.artifact import media_types as oci
from wasmkit.errors import InputError

__all__ = ["FilterMetadata", "creation_time"]


@dataclass(frozen=True, slots=True)
class FilterMetadata:
    """Facts about one version of a filter; an empty one is unknown and leaves no annotation.

    ``created`` is RFC 3339 text, see ``creation_time``.
    """

    name: str
    version: str
    abi: str = ""
    capabilities: tuple[str, ...] = ()
    description: str = ""
    license: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    kind: str = ""
    root_id: str = ""
    lowest_envoy: str = ""
    created: str = ""

    def annotations(self, module_sha256: str, module_size: int) -> dict[str, str]:
        """Return the image manifest's annotations, as ``media_types`` describes them."""
        facts = {
            oci.ANNOTATION_TITLE: self.name,
            oci.ANNOTATION_VERSION: self.version,
            oci.ANNOTATION_DESCRIPTION: self.description,
            oci.ANNOTATION_LICENSES: self.license,
            oci.ANNOTATION_AUTHORS: ", ".join(self.authors),
            oci.ANNOTATION_CREATED: self.created,
            oci.ANNOTATION_ABI: self.abi,
            oci.ANNOTATION_ROOT_ID: self.root_id,
            oci.ANNOTATION_LOWEST_ENVOY: self.lowest_envoy,
            oci.ANNOTATION_MODULE_SHA256: module_sha256,
            oci.ANNOTATION_MODULE_SIZE: str(module_size),
            oci.ANNOTATION_CAPABILITIES: ",".join(sorted(self.capabilities)),
            oci.ANNOTATION_LANGUAGE: self.language,
            oci.ANNOTATION_KIND: self.kind,
            oci.ANNOTATION_VARIANT: oci.VARIANT_COMPAT,
        }
        return {name: text for name, text in facts.items() if text}


def creation_time() -> str:
    """Return ``SOURCE_DATE_EPOCH`` as RFC 3339, or empty text when it is not set.

    A time of day would give each push another digest; reproducible-builds.org names this variable
    for the time that a build may claim. Raises ``InputError`` if it is no number of seconds.
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
