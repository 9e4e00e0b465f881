"""Reading manifests that are pushed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wasmkit.artifact.manifest import Index, Manifest
from wasmkit.artifact.media_types import INDEX, MANIFEST
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.pushed import image_of, only_layer_of, read_pushed

DIGEST = "sha256:" + "a" * 64
CONFIG = {"mediaType": "application/vnd.example+json", "digest": DIGEST, "size": 2}


def image(**change: Any) -> bytes:
    data = {"schemaVersion": 2, "config": CONFIG, "layers": [], **change}
    return json.dumps(data).encode()


def test_image() -> None:
    manifest = read_pushed(
        image(
            mediaType=MANIFEST,
            annotations={"a": "b"},
            subject={**CONFIG, "digest": "sha256:" + "b" * 64},
            layers=[{**CONFIG, "urls": ["https://example.com/"]}],
            unknown={"kept": True},
        ),
        MANIFEST + "; charset=utf-8",
    )
    assert isinstance(manifest, Manifest)
    assert manifest.artifact_type == "application/vnd.example+json"
    assert manifest.subject == "sha256:" + "b" * 64
    assert manifest.annotations == {"a": "b"}
    assert [part.elsewhere for part in (manifest.config, *manifest.layers)] == [False, True]
    assert only_layer_of(manifest) is None
    assert image_of(manifest, "sha256:x") == "sha256:x"


def test_only_layer() -> None:
    for layers, only in (([], None), ([CONFIG], DIGEST), ([CONFIG, CONFIG], None)):
        assert only_layer_of(read_pushed(image(layers=layers), MANIFEST)) == only


def test_index() -> None:
    arm = {**CONFIG, "platform": {"os": "linux", "architecture": "arm64"}}
    other = {**CONFIG, "digest": "sha256:" + "b" * 64}
    content = json.dumps({"schemaVersion": 2, "manifests": [arm, other]}).encode()
    manifest = read_pushed(content, INDEX)
    assert isinstance(manifest, Index)
    assert manifest.artifact_type == ""
    assert image_of(manifest, "sha256:x") == other["digest"]
    assert only_layer_of(manifest) is None


def test_thousands_of_layers() -> None:
    manifest = read_pushed(image(layers=[{**CONFIG, "mediaType": "a/b"}] * 31_000), MANIFEST)
    assert isinstance(manifest, Manifest)
    assert len(manifest.layers) == 31_000


BAD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", MANIFEST),
    "no object": (b"[]", MANIFEST),
    "no text": (b"\xff\xfe", MANIFEST),
    "lone surrogate": (image(annotations={"a": "\ud800"}), MANIFEST),
    "NaN": (image()[:-1] + b', "x": NaN}', MANIFEST),
    "deep": (b"[" * 100_000, MANIFEST),
    "schema 1": (image(schemaVersion=1), MANIFEST),
    "other type": (image(mediaType=INDEX), MANIFEST),
    "foreign type": (image(), "text/html"),
    "no type": (image(), ""),
    "index of an image": (image(), INDEX),
    "image of an index": (b'{"schemaVersion": 2, "manifests": []}', MANIFEST),
    "config missing": (b'{"schemaVersion": 2, "layers": []}', MANIFEST),
    "layers": (image(layers=7), MANIFEST),
    "layer": (image(layers=["x"]), MANIFEST),
    "size": (image(layers=[{**CONFIG, "size": -1}]), MANIFEST),
    "size true": (image(layers=[{**CONFIG, "size": True}]), MANIFEST),
    "digest": (image(layers=[{**CONFIG, "digest": "sha256:x"}]), MANIFEST),
    "digest number": (image(layers=[{**CONFIG, "digest": 7}]), MANIFEST),
    "annotations": (image(annotations=["x"]), MANIFEST),
    "annotation": (image(annotations={"x": 7}), MANIFEST),
    "subject": (image(subject=7), MANIFEST),
    "artifactType": (image(artifactType=7), MANIFEST),
}


@pytest.mark.parametrize(("content", "content_type"), BAD.values(), ids=BAD)
def test_refused(content: bytes, content_type: str) -> None:
    with pytest.raises(ApiError):
        read_pushed(content, content_type)
