"""What a push uploads, in which order, and when it refuses; the registry is in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from memory_registry import HOST, MemoryRegistry
from publications import publication_of
from registries import filter_module
from wasmkit.artifact.image import build_image
from wasmkit.artifact.push import TagTakenError, push_publication, version_reference
from wasmkit.artifact.reference import Reference, parse_reference
from wasmkit.errors import InputError

if TYPE_CHECKING:
    from wasmkit.artifact.image import Publication
    from wasmkit.artifact.requests import PushResult

REFERENCE = parse_reference(f"{HOST}/team/a:1.0.0")


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def publication(version: str = "1.0.0", readme: bytes | None = b"# A\n") -> Publication:
    return publication_of(filter_module(), "a", version, readme=readme)


def pushed(
    registry: MemoryRegistry,
    what: Publication | None = None,
    reference: Reference = REFERENCE,
    *,
    force: bool = False,
) -> PushResult:
    return push_publication(registry.client(), reference, what or publication(), force=force)


def writes(registry: MemoryRegistry) -> list[str]:
    return [line for line in registry.seen() if not line.startswith(("GET", "HEAD"))]


def test_the_tag_comes_last(registry: MemoryRegistry) -> None:
    result = pushed(registry)
    assert not result.already_there
    assert writes(registry)[-1] == "PUT /v2/team/a/manifests/1.0.0"
    manifest = json.loads(registry.manifests["1.0.0"][1])
    for descriptor in (manifest["config"], *manifest["layers"]):
        assert len(registry.blobs[descriptor["digest"]]) == descriptor["size"]
    assert registry.manifests[result.image_digest] == registry.manifests["1.0.0"]
    tagged = [name for name in registry.manifests if not name.startswith("sha256")]
    assert tagged == ["1.0.0"]


@pytest.mark.parametrize("kept", [True, False], ids=["by-the-registry", "by-a-tag"])
def test_referrers_name_the_image(*, kept: bool) -> None:
    registry = MemoryRegistry(referrers=kept)
    result = pushed(registry)
    documents = [json.loads(body) for _, body in registry.manifests.values()]
    types = {
        document["artifactType"]
        for document in documents
        if document.get("subject", {}).get("digest") == result.image_digest
    }
    assert "application/vnd.wasmkit.filter.v1+json" in types
    assert len(types) >= 2  # the README is one of its own
    listing = registry.manifests.get(result.image_digest.replace(":", "-"))
    if kept:
        assert listing is None
    else:
        assert listing is not None
        listed = {entry["artifactType"] for entry in json.loads(listing[1])["manifests"]}
        assert listed == types


def test_a_second_push_writes_no_image(registry: MemoryRegistry) -> None:
    first = pushed(registry)
    before = dict(registry.manifests)
    second = pushed(registry)
    assert second.already_there
    assert second.image_digest == first.image_digest
    assert registry.manifests == before


def test_a_version_is_taken_once(registry: MemoryRegistry) -> None:
    first = pushed(registry)
    other = publication_of(filter_module(), "b", "1.0.0")
    before = len(registry.wire.sent)
    with pytest.raises(TagTakenError, match="exists with other content: sha256:") as caught:
        pushed(registry, other)
    assert first.image_digest in str(caught.value)
    assert "--force" in caught.value.hint
    assert [sent.method for sent in registry.wire.sent[before:]] == ["GET"], "nothing was written"
    forced = pushed(registry, other, force=True)
    assert forced.image_digest != first.image_digest
    assert json.loads(registry.manifests["1.0.0"][1]) != json.loads(
        registry.manifests[first.image_digest][1]
    )


def test_a_tag_that_is_no_version_moves(registry: MemoryRegistry) -> None:
    latest = parse_reference(f"{HOST}/team/a:latest")
    pushed(registry, publication(), latest)
    result = pushed(registry, publication_of(filter_module(), "b", "1.0.0"), latest)
    assert registry.manifests["latest"] == registry.manifests[result.image_digest]


def test_an_image_compressed_by_another_zlib_is_the_same(registry: MemoryRegistry) -> None:
    image = build_image(publication())
    document = json.loads(image.manifest.data)
    # The same config, which names the uncompressed layer; another digest of the layer itself.
    document["layers"][0] |= {"digest": f"sha256:{'1' * 64}", "size": 3}
    theirs = json.dumps(document).encode()
    registry.manifests["1.0.0"] = (image.descriptor.media_type, theirs)
    assert pushed(registry).already_there
    document["annotations"]["x"] = "y"
    registry.manifests["1.0.0"] = (image.descriptor.media_type, json.dumps(document).encode())
    with pytest.raises(TagTakenError):
        pushed(registry)


@pytest.mark.parametrize(
    ("written", "version", "tag"),
    [
        ("h.example/a", "1.2.3", "1.2.3"),
        ("h.example/a", "1.2.3+build.5", "1.2.3_build.5"),
        ("h.example/a:1.2.3", "1.2.3", "1.2.3"),
        ("h.example/a:v1.2.3", "1.2.3", "v1.2.3"),
        ("h.example/a:stable", "1.2.3", "stable"),
    ],
)
def test_the_version_is_the_tag(written: str, version: str, tag: str) -> None:
    assert version_reference(parse_reference(written), version).tag == tag


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (f"h.example/a@sha256:{'a' * 64}", "a digest follows from the content"),
        ("h.example/a:1.2.4", "names another version than the filter's, 1.2.3"),
        ("h.example/a:v1.2.3-rc.1", "names another version"),
    ],
    ids=["digest", "other", "candidate"],
)
def test_a_tag_of_another_version_is_refused(written: str, text: str) -> None:
    with pytest.raises(InputError, match=text):
        version_reference(parse_reference(written), "1.2.3")
