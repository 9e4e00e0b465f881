"""Publishes a filter: everything it refers to first, its tag last.

So whoever sees the tag sees a whole filter, and a push that breaks off leaves nothing that a
second push would not complete. A tag that looks like a version never moves without ``force``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.artifact.image import build_image, build_referrers
from wasmkit.artifact.manifest import Manifest, parse
from wasmkit.artifact.reference import Reference, is_version
from wasmkit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.artifact.client import Fetched, RegistryClient
    from wasmkit.artifact.image import Artifact, Publication

__all__ = ["Pushed", "TagTakenError", "push_filter", "version_reference"]


class TagTakenError(InputError):
    """The version's tag exists with other content, and a version does not change."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the registry holds now: both digests, and whether the image was there before."""

    reference: Reference
    image_digest: str
    module_sha256: str
    module_size: int
    already_there: bool


def version_reference(reference: Reference, version: str) -> Reference:
    """Return where a project of this version is pushed: its version is the tag if none is given.

    Raises ``InputError`` for a digest, which cannot be chosen, and for another version's tag.
    """
    if reference.digest:
        raise InputError(
            f"cannot push to {reference}: a digest follows from the content",
            hint=f"push to {reference.host}/{reference.repository}:{reference.tag or version}",
        )
    tag = reference.tag or version.replace("+", "_")
    if reference.tag and is_version(tag) and tag.removeprefix("v") != version.replace("+", "_"):
        raise InputError(
            f"the tag {tag} names another version than the filter's, {version}",
            hint="leave the tag out, or change the version",
        )
    return Reference(reference.host, reference.repository, tag)


def push_filter(
    client: RegistryClient,
    reference: Reference,
    publication: Publication,
    *,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Pushed:
    """Push the image under the reference's tag, and its referrers.

    Raises ``TagTakenError`` if the tag is a version that holds another filter, unless ``force``;
    ``RegistryError`` for whatever the registry or the network does.
    """
    say = progress or _say_nothing
    say("packing the image")
    image = build_image(publication)
    found = client.find_manifest(reference.target)
    stored = image.descriptor
    already_there = found is not None and _is_same(found, image)
    if found is not None and already_there:
        stored = found.blob.descriptor
    elif found is not None and is_version(reference.tag) and not force:
        raise TagTakenError(
            f"{reference} exists with other content: {found.blob.descriptor.digest}",
            hint="raise the version, or replace it for everyone with --force",
        )
    unlisted = []
    for referrer in build_referrers(publication, stored):
        say(f"uploading {referrer.artifact_type}")
        if not client.push(referrer):
            unlisted.append(referrer)
    if unlisted:
        client.list_referrers(stored.digest, tuple(unlisted))
    if not already_there:
        say("uploading the image")
        client.push(image, reference.target)
    return Pushed(
        reference,
        stored.digest,
        publication.module_sha256,
        len(publication.module),
        already_there,
    )


def _is_same(found: Fetched, image: Artifact) -> bool:
    """Say whether a stored manifest is this image, if need be compressed by another zlib.

    The config names the digest of the layer before compression, so equal configs and equal
    annotations mean an equal filter.
    """
    if found.blob.descriptor.digest == image.descriptor.digest:
        return True
    ours = parse(image.manifest.data, image.descriptor.media_type)
    theirs = found.content
    return (
        isinstance(theirs, Manifest)
        and isinstance(ours, Manifest)
        and theirs.media_type == ours.media_type
        and theirs.config == ours.config
        and theirs.annotations == ours.annotations
        and [layer.media_type for layer in theirs.layers]
        == [layer.media_type for layer in ours.layers]
    )


def _say_nothing(text: str) -> None:
    del text
