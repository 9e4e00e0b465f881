"""Publishes a filter: everything it refers to first, its tag last.

So whoever sees the tag sees a whole filter, and a push that breaks off leaves nothing that a
second push would not complete. A tag that looks like a version never moves without ``force``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.image import build_image, build_referrers
from wasmkit.artifact.manifest import Manifest, parse
from wasmkit.artifact.publication import publication_of_file, publication_of_project
from wasmkit.artifact.reference import Reference, is_version, parse_reference
from wasmkit.artifact.requests import PushRequest, PushResult
from wasmkit.artifact.verdict import wait_for_verdict
from wasmkit.errors import InputError
from wasmkit.progress import Step, silent
from wasmkit.project import is_project, load_project
from wasmkit.toolchain import build

if TYPE_CHECKING:
    from wasmkit.artifact.client import Fetched
    from wasmkit.artifact.image import Artifact, Publication
    from wasmkit.progress import Progress

__all__ = ["TagTakenError", "push", "push_publication", "version_reference"]


class TagTakenError(InputError):
    """The version's tag exists with other content, and a version does not change."""


def push(request: PushRequest, progress: Progress = silent) -> PushResult:
    """Publish a project or a file: see ``wasmkit.artifact.push_filter``."""
    target, publication = _prepare(request, progress)
    client = RegistryClient(target, plain_http=request.plain_http or None)
    result = push_publication(client, target, publication, force=request.force, progress=progress)
    if not request.wait_seconds:
        return result
    verdict = wait_for_verdict(
        client, result.image_digest, seconds=request.wait_seconds, progress=progress
    )
    return replace(result, verdict=verdict)


def _prepare(request: PushRequest, progress: Progress) -> tuple[Reference, Publication]:
    reference = parse_reference(request.reference)
    if is_project(request.path):
        if request.name or request.version:
            raise InputError("a project's name and version are in its wasmkit.toml")
        project = load_project(request.path)
        target = version_reference(reference, project.version)
        return target, publication_of_project(project, build(project, progress=progress))
    name = request.name or reference.repository.rpartition("/")[2]
    version = request.version or reference.tag
    if not version:
        if not request.path.exists():
            raise InputError("not found", file=request.path)
        raise InputError(
            "a FILE needs a version", hint="write REF as HOST/NAME:TAG, or give --version"
        )
    publication = publication_of_file(request.path, name=name, version=version)
    return version_reference(reference, version), publication


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


def push_publication(
    client: RegistryClient,
    reference: Reference,
    publication: Publication,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> PushResult:
    """Push the image under the reference's tag, and its referrers.

    Raises ``TagTakenError`` if the tag is a version that holds another filter, unless ``force``;
    ``RegistryError`` for whatever the registry or the network does.
    """
    progress(Step("packing the image"))
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
        progress(Step(f"uploading {referrer.artifact_type}"))
        if not client.push(referrer):
            unlisted.append(referrer)
    if unlisted:
        client.list_referrers(stored.digest, tuple(unlisted))
    if not already_there:
        progress(Step("uploading the image"))
        client.push(image, reference.target)
    module = publication.document.module
    return PushResult(reference, stored.digest, module.sha256, module.size, already_there)


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
