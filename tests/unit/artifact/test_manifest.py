from __future__ import annotations

import json
from typing import Any

import pytest

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.manifest import MAX_MANIFEST_SIZE, Index, Manifest, parse
from wasmkit.errors import RegistryError

DIGEST = "sha256:" + "a" * 64
LAYER: dict[str, Any] = {"mediaType": "x/y", "digest": DIGEST, "size": 7, "unknown": [1]}
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": oci.MANIFEST,
    "config": LAYER,
    "layers": [LAYER],
    "annotations": {"a": "b"},
    "unknown": {},
}


def changed(**fields: object) -> bytes:
    return json.dumps({**MANIFEST, **fields}).encode()


def test_a_manifest_is_read() -> None:
    manifest = parse(changed(), oci.MANIFEST)
    assert isinstance(manifest, Manifest)
    assert manifest.annotations == {"a": "b"}
    (layer,) = manifest.layers
    assert (layer.media_type, layer.digest, layer.size) == ("x/y", DIGEST, 7)


def test_the_content_type_counts_where_the_document_is_silent() -> None:
    silent = {name: value for name, value in MANIFEST.items() if name != "mediaType"}
    content = parse(json.dumps(silent).encode(), oci.MANIFEST + "; charset=utf-8")
    assert content.media_type == oci.MANIFEST


def test_an_index_is_read_with_its_platforms() -> None:
    platform = {"platform": {"os": "linux", "architecture": "amd64"}}
    index = {
        "schemaVersion": 2,
        "mediaType": oci.INDEX,
        "manifests": [{**LAYER, **platform}, LAYER],
        "extra": 1,
    }
    content = parse(json.dumps(index).encode(), "")
    assert isinstance(content, Index)
    assert [entry.platform for entry in content.manifests] == ["linux/amd64", ""]
    assert content.document == index


def test_thousands_of_layers_are_read() -> None:
    content = parse(changed(layers=[LAYER] * 31_000), oci.MANIFEST)
    assert isinstance(content, Manifest)
    assert len(content.layers) == 31_000


def test_subject_and_artifact_type() -> None:
    plain = parse(changed(), oci.MANIFEST)
    assert (plain.subject, plain.artifact_type) == ("", "x/y")  # its config's media type
    referrer = parse(changed(subject=LAYER, artifactType="a/b"), oci.MANIFEST)
    assert (referrer.subject, referrer.artifact_type) == (DIGEST, "a/b")


@pytest.mark.parametrize(
    ("change", "elsewhere"),
    [
        ({}, False),
        ({"urls": ["https://example.com/"]}, True),
        ({"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}, True),
        ({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}, True),
    ],
)
def test_what_a_registry_need_not_have(change: dict[str, Any], elsewhere: bool) -> None:
    content = parse(changed(layers=[{**LAYER, **change}]), oci.MANIFEST)
    assert isinstance(content, Manifest)
    assert content.layers[0].elsewhere == elsewhere


def test_null_stands_for_absent() -> None:
    # Go programs write null for an empty slice or map.
    content = parse(changed(layers=None, annotations=None), oci.MANIFEST)
    assert isinstance(content, Manifest)
    assert content.layers == ()
    assert content.annotations == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":NaN}',
        b"1" * 10_000,
        b" " * (MAX_MANIFEST_SIZE + 1),
        changed(mediaType="text/html"),
        changed(mediaType=3),
        changed(config=None),
        changed(config={**LAYER, "digest": "sha256:xyz"}),
        changed(config={**LAYER, "digest": "../../etc/passwd"}),
        changed(layers={}),
        changed(layers=[1]),
        changed(layers=[{**LAYER, "size": -1}]),
        changed(layers=[{**LAYER, "size": True}]),
        changed(layers=[{**LAYER, "size": "7"}]),
        changed(layers=[{**LAYER, "artifactType": 1}]),
        changed(annotations={"a": 1}),
        changed(schemaVersion=1),
        changed(manifests=[]),
        changed(annotations={"a": "\ud800"}),
        changed(annotations=[]),
    ],
    ids=lambda data: data[:20].decode("ascii", "replace") + f"-{len(data)}",
)
def test_a_malformed_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(RegistryError):
        parse(data, oci.MANIFEST)
