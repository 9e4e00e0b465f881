"""Reading manifests, and measuring the module in a layer."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from wasmkit.artifact.media_types import INDEX, MANIFEST
from wasmkit_hub.catalogue.module import Module, measure_module
from wasmkit_hub.catalogue.versions import version_key
from wasmkit_hub.manifest import ManifestError, parse_manifest

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "a" * 64
CONFIG = {"mediaType": "application/vnd.example+json", "digest": DIGEST, "size": 2}


def image(**change: Any) -> bytes:
    data = {"schemaVersion": 2, "config": CONFIG, "layers": [], **change}
    return json.dumps(data).encode()


def test_image() -> None:
    manifest = parse_manifest(
        image(
            mediaType=MANIFEST,
            annotations={"a": "b"},
            subject={**CONFIG, "digest": "sha256:" + "b" * 64},
            layers=[{**CONFIG, "urls": ["https://example.com/"]}],
            unknown={"kept": True},
        ),
        MANIFEST + "; charset=utf-8",
    )
    assert manifest.artifact_type == "application/vnd.example+json"
    assert str(manifest.subject) == "sha256:" + "b" * 64
    assert manifest.annotations == {"a": "b"}
    assert [blob.elsewhere for blob in manifest.blobs] == [False, True]


def test_index() -> None:
    content = json.dumps({"schemaVersion": 2, "manifests": [CONFIG]}).encode()
    manifest = parse_manifest(content, INDEX)
    assert manifest.artifact_type is None
    assert [str(child.digest) for child in manifest.children] == [DIGEST]


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
    with pytest.raises(ManifestError):
        parse_manifest(content, content_type)


def _tar(name: str = "plugin.wasm", content: bytes = b"\0asm" * 999, **change: Any) -> bytes:
    """Make the archive with the standard library: the independent opinion."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for key, value in change.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"x", b"\0asm" * 50_000, b"y" * 512])
def test_measured(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "layer"
    file.write_bytes(gzip.compress(_tar(content=content)) + b"after the end")
    module = measure_module(file, limit=200_000)
    assert module == Module(hashlib.sha256(content).hexdigest(), len(content))


LAYERS = {
    "empty": b"",
    "no gzip": _tar(),
    "no tar": gzip.compress(b"x" * 5000),
    "short": gzip.compress(b"x"),
    "cut": gzip.compress(_tar(content=bytes(range(256)) * 99))[:300],
    "module cut": gzip.compress(_tar()[:1000]),
    "other file": gzip.compress(_tar("other.wasm")),
    "in a folder": gzip.compress(_tar("a/plugin.wasm")),
    "link": gzip.compress(_tar(type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "too large": gzip.compress(_tar(content=b"x" * 10_001)),
    "bomb": gzip.compress(_tar(content=b"\0" * 50_000_000)),
    "size no number": gzip.compress(_tar()[:124] + b"zzzzzzzzzzz\0" + _tar()[136:]),
    "size negative": gzip.compress(_tar()[:124] + b"-0000000001\0" + _tar()[136:]),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_not_measured(tmp_path: Path, layer: bytes) -> None:
    file = tmp_path / "layer"
    file.write_bytes(layer)
    with pytest.raises(ManifestError):
        measure_module(file, limit=10_000)


def test_order_of_versions() -> None:
    # The examples of semver.org 2.0.0, section 11.
    ordered = [
        *("", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"),
        *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "10.0.0"),
    ]
    alphabetical = sorted(ordered)
    assert alphabetical != ordered
    assert sorted(alphabetical, key=version_key) == ordered
