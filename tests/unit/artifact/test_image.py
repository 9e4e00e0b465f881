from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.image import Artifact, Publication, build_image, build_referrers
from wasmkit.inspection import Inspection
from wasmkit.project import FilterFacts
from wasmkit.project.document import FilterDocument

MODULE = b"\0asm\1\0\0\0" + b"content" * 1000
FACTS = FilterFacts(
    name="hello",
    version="0.1.0",
    description="Grüße.",
    license="Apache-2.0",
    authors=("A <a@example.com>", "B"),
    language="python",
    kind="http",
    root_id="hello",
    lowest_envoy="1.36",
)
INSPECTION = Inspection(
    size=len(MODULE),
    sha256=hashlib.sha256(MODULE).hexdigest(),
    abi_version="0.2.1",
    imports=("env.proxy_log", "wasi_snapshot_preview1.fd_write"),
)
DOCUMENT = FilterDocument(FACTS, INSPECTION)
PUBLICATION = Publication(MODULE, DOCUMENT, readme=b"# Hello\n", schema=b"{}")
BARE = FilterDocument(FilterFacts(name="hello", version="0.1.0"), INSPECTION)


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def document(artifact: Artifact) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(artifact.manifest.data)
    return value


def test_every_descriptor_names_its_bytes() -> None:
    image = build_image(PUBLICATION)
    for artifact in (image, *build_referrers(PUBLICATION, image.descriptor)):
        manifest = document(artifact)
        assert artifact.descriptor.digest == sha256(artifact.manifest.data)
        assert artifact.descriptor.size == len(artifact.manifest.data)
        named = [manifest["config"], *manifest["layers"]]
        for descriptor, blob in zip(named, artifact.blobs, strict=True):
            assert descriptor["digest"] == sha256(blob.data)
            assert descriptor["size"] == len(blob.data)


def test_the_image_is_the_shape_that_meshes_take() -> None:
    image = build_image(PUBLICATION)
    manifest = document(image)
    config, layer = (blob.data for blob in image.blobs)
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert [each["mediaType"] for each in manifest["layers"]] == [
        "application/vnd.oci.image.layer.v1.tar+gzip"
    ]
    assert json.loads(config) == {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [sha256(gzip.decompress(layer))]},
    }
    assert manifest["annotations"] == {
        "org.opencontainers.image.title": "hello",
        "org.opencontainers.image.version": "0.1.0",
        "org.opencontainers.image.description": "Grüße.",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.authors": "A <a@example.com>, B",
        "dev.wasmkit.abi": "0.2.1",
        "dev.wasmkit.root_id": "hello",
        "dev.wasmkit.lowest-envoy": "1.36",
        "dev.wasmkit.module.sha256": hashlib.sha256(MODULE).hexdigest(),
        "dev.wasmkit.module.size": "7008",
        "dev.wasmkit.capabilities": "fd_write,proxy_log",
        "dev.wasmkit.language": "python",
        "dev.wasmkit.kind": "http",
        "module.wasm.image/variant": "compat",
    }


def test_the_referrers_point_at_the_image() -> None:
    image = build_image(PUBLICATION)
    module, described, readme, schema = build_referrers(PUBLICATION, image.descriptor)
    subject = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": image.descriptor.digest,
        "size": image.descriptor.size,
    }
    shapes = [
        (each["subject"], each["artifactType"], [layer["mediaType"] for layer in each["layers"]])
        for each in map(document, (module, described, readme, schema))
    ]
    assert shapes == [
        (subject, "application/vnd.wasmkit.module.v1", ["application/wasm"]),
        (
            subject,
            "application/vnd.wasmkit.filter.v1+json",
            ["application/vnd.wasmkit.filter.v1+json"],
        ),
        (subject, "application/vnd.wasmkit.readme.v1", ["text/markdown"]),
        (subject, "application/vnd.wasmkit.config-schema.v1", ["application/schema+json"]),
    ]
    assert json.loads(module.blobs[0].data) == {
        "architecture": "wasm",
        "os": "wasip1",
        "layerDigests": [sha256(MODULE)],
        "component": None,
    }
    assert described.blobs[1].data == DOCUMENT.to_bytes()
    assert document(readme)["config"]["digest"] == (
        # The digest of "{}" that image-spec 1.1, manifest.md, "Guidance for an Empty Descriptor"
        # prints.
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )


def test_what_is_not_there_leaves_no_referrer() -> None:
    bare = Publication(MODULE, BARE)
    image = build_image(bare)
    assert [each.artifact_type for each in build_referrers(bare, image.descriptor)] == [
        oci.TYPE_MODULE,
        oci.TYPE_DOCUMENT,
    ]
    assert "dev.wasmkit.root_id" not in document(image)["annotations"]


def test_the_time_of_creation_is_shown_everywhere() -> None:
    publication = Publication(MODULE, BARE, created="2023-11-14T22:13:20Z")
    image = build_image(publication)
    module, _ = build_referrers(publication, image.descriptor)
    assert json.loads(module.blobs[0].data)["created"] == "2023-11-14T22:13:20Z"
    assert json.loads(image.blobs[0].data)["created"] == "2023-11-14T22:13:20Z"
    annotations = document(image)["annotations"]
    assert annotations["org.opencontainers.image.created"] == "2023-11-14T22:13:20Z"
