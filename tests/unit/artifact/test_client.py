"""The client on a registry in memory; real registries are in tests/functional and conformance."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from memory_registry import HOST, MemoryRegistry
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.descriptor import Blob, Descriptor
from wasmkit.artifact.image import Artifact
from wasmkit.artifact.manifest import Index, Manifest, canonical_json
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = Blob.of(b"{}", "application/vnd.oci.empty.v1+json")
LAYER = Blob.of(b"layer", "application/vnd.example.layer")
DOCUMENT = {
    "schemaVersion": 2,
    "mediaType": oci.MANIFEST,
    "config": CONFIG.descriptor.as_json(),
    "layers": [LAYER.descriptor.as_json()],
}
MANIFEST = Blob.of(canonical_json(DOCUMENT), oci.MANIFEST)
DIGEST = f"sha256:{hashlib.sha256(MANIFEST.data).hexdigest()}"


@pytest.fixture
def registry() -> MemoryRegistry:
    made = MemoryRegistry()
    made.manifests["1"] = made.manifests[DIGEST] = (oci.MANIFEST, MANIFEST.data)
    return made


def failure(action: Callable[[], object]) -> str:
    with pytest.raises(RegistryError) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize("target", ["1", DIGEST], ids=["tag", "digest"])
def test_a_manifest_is_fetched_as_it_is(registry: MemoryRegistry, target: str) -> None:
    found = registry.client().manifest(target)
    assert found.blob == MANIFEST
    assert isinstance(found.content, Manifest)
    (sent,) = registry.wire.sent
    assert sent.url == f"https://{HOST}/v2/team/a/manifests/{target}"
    accepted = sent.headers["Accept"].split(", ")
    assert set(accepted) == {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }


def test_a_manifest_that_is_not_there(registry: MemoryRegistry) -> None:
    assert registry.client().find_manifest("2") is None
    text = failure(lambda: registry.client().manifest("2"))
    assert text == f"fetching {HOST}/team/a:2: {HOST} answered 404: there is none"


OTHER = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("target", "header"), [(OTHER, ""), ("1", OTHER)], ids=["asked-for", "announced"]
)
def test_a_manifest_is_checked_against_every_digest(
    registry: MemoryRegistry, target: str, header: str
) -> None:
    registry.manifests[OTHER] = registry.manifests["1"]
    registry.headers = {"Docker-Content-Digest": header} if header else {}
    text = failure(lambda: registry.client().manifest(target))
    assert f"the content has digest {DIGEST}, not {OTHER}" in text


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"schemaVersion": 1}'])
def test_what_is_no_manifest_is_named(registry: MemoryRegistry, body: bytes) -> None:
    registry.manifests["1"] = (oci.MANIFEST, body)
    text = failure(lambda: registry.client().manifest("1"))
    assert text.startswith(f"fetching {HOST}/team/a:1: ")


def test_a_blob_is_fetched_and_checked(registry: MemoryRegistry) -> None:
    registry.blobs[LAYER.descriptor.digest] = LAYER.data
    client = registry.client()
    assert client.blob(LAYER.descriptor, "the layer", limit=5) == b"layer"
    text = failure(lambda: client.blob(LAYER.descriptor, "the layer", limit=4))
    assert text == f"fetching the layer of {HOST}/team/a: 5 bytes are more than 4"
    registry.blobs[LAYER.descriptor.digest] = b"lawyer"
    text = failure(lambda: client.blob(LAYER.descriptor, "the layer", limit=5))
    assert "larger than 5 bytes" in text
    registry.blobs[LAYER.descriptor.digest] = b"lawer"
    assert "the content has digest" in failure(
        lambda: client.blob(LAYER.descriptor, "the layer", limit=5)
    )


def artifact(manifest: Blob = MANIFEST, *blobs: Blob) -> Artifact:
    return Artifact(manifest, blobs)


def test_blobs_go_before_their_manifest(registry: MemoryRegistry) -> None:
    registry.blobs[CONFIG.descriptor.digest] = CONFIG.data
    assert registry.client().push(artifact(MANIFEST, CONFIG, LAYER), "2") is False
    blobs = "/v2/team/a/blobs"
    assert registry.seen() == [
        f"HEAD {blobs}/{CONFIG.descriptor.digest}",  # it is there already
        f"HEAD {blobs}/{LAYER.descriptor.digest}",
        f"POST {blobs}/uploads/",
        f"PUT {blobs}/uploads/7",
        "PUT /v2/team/a/manifests/2",
    ]
    assert registry.blobs[LAYER.descriptor.digest] == b"layer"
    assert registry.manifests["2"] == (oci.MANIFEST, MANIFEST.data)


def test_without_a_tag_a_manifest_goes_under_its_digest() -> None:
    registry = MemoryRegistry(referrers=True)
    assert registry.client().push(artifact()) is True
    assert registry.seen() == [f"PUT /v2/team/a/manifests/{DIGEST}"]


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/up/7", f"https://{HOST}/up/7?digest="),
        ("/up/7?state=a%2Fb", f"https://{HOST}/up/7?state=a%2Fb&digest="),
        (f"http://{HOST}/up/7", f"https://{HOST}/up/7?digest="),
        ("https://store.example/up", "https://store.example/up?digest="),
    ],
    ids=["path", "query", "plain-behind-a-proxy", "elsewhere"],
)
def test_where_an_upload_goes(registry: MemoryRegistry, location: str, url: str) -> None:
    registry.location = location
    registry.client().push_blob(LAYER)
    digest = LAYER.descriptor.digest.replace(":", "%3A")
    assert registry.wire.sent[-1].url == url + digest
    assert registry.wire.sent[-1].headers["Content-Type"] == "application/octet-stream"


def test_an_upload_without_an_address(registry: MemoryRegistry) -> None:
    registry.location = ""
    text = failure(lambda: registry.client().push_blob(LAYER))
    digest = LAYER.descriptor.digest[:19]
    assert text == (
        f"uploading {digest} (5 bytes) to {HOST}/team/a: {HOST} gave no address to upload to"
    )


def test_a_registry_that_keeps_something_else_is_found_out(registry: MemoryRegistry) -> None:
    registry.headers = {"Docker-Content-Digest": OTHER}
    text = failure(lambda: registry.client().push_manifest(MANIFEST, "2"))
    assert re.search(f"stored '{OTHER}', not what was sent", text)


# The list of referrers under a tag (distribution-spec 1.1, "Referrers Tag Schema")

TAG = DIGEST.replace(":", "-")


def referrer(text: str) -> Artifact:
    document = {**DOCUMENT, "artifactType": f"application/{text}", "layers": []}
    return Artifact(Blob.of(canonical_json(document), oci.MANIFEST), (), f"application/{text}")


def listed(registry: MemoryRegistry) -> list[dict[str, object]]:
    media_type, body = registry.manifests[TAG]
    assert media_type == "application/vnd.oci.image.index.v1+json"
    document = json.loads(body)
    assert (document["schemaVersion"], document["mediaType"]) == (2, media_type)
    entries: list[dict[str, object]] = document["manifests"]
    return entries


def test_referrers_are_listed_once(registry: MemoryRegistry) -> None:
    client = registry.client()
    one, two = referrer("one"), referrer("two")
    client.list_referrers(DIGEST, (one,))
    client.list_referrers(DIGEST, (one, two))
    before = len(registry.wire.sent)
    client.list_referrers(DIGEST, (two, one))
    assert [sent.method for sent in registry.wire.sent[before:]] == ["GET"], "nothing is new"
    assert [(entry["artifactType"], entry["digest"]) for entry in listed(registry)] == [
        ("application/one", one.descriptor.digest),
        ("application/two", two.descriptor.digest),
    ]


def test_what_others_wrote_into_the_list_stays(registry: MemoryRegistry) -> None:
    theirs = Descriptor(oci.MANIFEST, OTHER, 3).as_json() | {"annotations": {"a": "b"}}
    index = {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [theirs], "x": "y"}
    registry.manifests[TAG] = (oci.INDEX, canonical_json(index))
    registry.client().list_referrers(DIGEST, (referrer("one"),))
    entries = listed(registry)
    assert entries[0] == theirs
    assert len(entries) == 2
    assert json.loads(registry.manifests[TAG][1])["x"] == "y"
    found = registry.client().manifest(TAG).content
    assert isinstance(found, Index)
    assert len(found.manifests) == 2


def test_a_tag_of_the_specifications_that_somebody_took(registry: MemoryRegistry) -> None:
    registry.manifests[TAG] = registry.manifests["1"]
    text = failure(lambda: registry.client().list_referrers(DIGEST, (referrer("one"),)))
    assert f"the tag {TAG} is not an index" in text
