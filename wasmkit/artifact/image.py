"""A filter's image and referrers as bytes: pure construction, nothing is sent.

The same module and document give the same bytes (see ``layer`` for the one condition), so a
second push is recognised and a digest can be computed before anything is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.annotations import annotations_of
from wasmkit.artifact.descriptor import Blob, Descriptor, digest_of
from wasmkit.artifact.layer import compress, module_tar
from wasmkit.artifact.manifest import canonical_json

if TYPE_CHECKING:
    from wasmkit.project.document import FilterDocument

__all__ = ["Artifact", "Publication", "build_image", "build_referrers"]


@dataclass(frozen=True, slots=True)
class Publication:
    """What the author publishes: the module, what is said about it, and two optional texts.

    ``readme`` is Markdown in UTF-8, ``schema`` the JSON Schema of the configuration as the author
    wrote it; None if the filter has none. ``created`` is RFC 3339 text or empty.
    """

    module: bytes
    document: FilterDocument
    readme: bytes | None = None
    schema: bytes | None = None
    created: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest and every blob it names; ``descriptor`` is the manifest's own."""

    manifest: Blob
    blobs: tuple[Blob, ...]
    artifact_type: str = ""

    @property
    def descriptor(self) -> Descriptor:
        """Media type, digest and size of the manifest."""
        return self.manifest.descriptor


def build_image(publication: Publication) -> Artifact:
    """Make the image that goes under the version's tag (``media_types`` draws its shape)."""
    archive = module_tar(publication.module)
    config: dict[str, object] = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(archive)]},
    }
    if publication.created:
        config["created"] = publication.created
    annotations = annotations_of(publication.document, publication.created)
    return _artifact(
        config=Blob.of(canonical_json(config), oci.CONFIG_IMAGE),
        layer=Blob.of(compress(archive), oci.LAYER_TAR_GZIP),
        fields={"annotations": annotations},
    )


def build_referrers(publication: Publication, image: Descriptor) -> tuple[Artifact, ...]:
    """Make the manifests that point at the image: module, document, README, schema."""
    document = Blob.of(publication.document.to_bytes(), oci.TYPE_DOCUMENT)
    referrers = [
        _module(publication, image),
        _text(document, oci.TYPE_DOCUMENT, "filter.json", image),
    ]
    if publication.readme is not None:
        readme = Blob.of(publication.readme, oci.LAYER_MARKDOWN)
        referrers.append(_text(readme, oci.TYPE_README, "README.md", image))
    if publication.schema is not None:
        schema = Blob.of(publication.schema, oci.LAYER_SCHEMA)
        referrers.append(_text(schema, oci.TYPE_CONFIG_SCHEMA, "config.schema.json", image))
    return tuple(referrers)


def _module(publication: Publication, image: Descriptor) -> Artifact:
    """Make the CNCF Wasm artifact (tag-runtime, wasm-oci-artifact), which wkg and oras pull.

    Its layer's digest is the module's sha256, so Envoy can fetch the blob straight over HTTP.
    """
    module = Blob.of(publication.module, oci.LAYER_WASM)
    config: dict[str, object] = {
        "architecture": "wasm",
        "os": "wasip1",
        "layerDigests": [module.descriptor.digest],
        "component": None,
    }
    if publication.created:
        config["created"] = publication.created
    return _referrer(
        Blob.of(canonical_json(config), oci.CONFIG_WASM),
        module,
        (oci.TYPE_MODULE, oci.MODULE_FILE),
        image,
    )


def _text(layer: Blob, artifact_type: str, file_name: str, image: Descriptor) -> Artifact:
    return _referrer(Blob.of(b"{}", oci.CONFIG_EMPTY), layer, (artifact_type, file_name), image)


def _referrer(config: Blob, layer: Blob, kind: tuple[str, str], image: Descriptor) -> Artifact:
    artifact_type, file_name = kind
    subject = Descriptor(image.media_type, image.digest, image.size)
    fields: dict[str, object] = {"artifactType": artifact_type, "subject": subject.as_json()}
    return _artifact(config, layer, fields, file_name)


def _artifact(
    config: Blob, layer: Blob, fields: dict[str, object], file_name: str = ""
) -> Artifact:
    """Put a manifest together; ``file_name`` is what oras saves the layer as."""
    layer_entry = layer.descriptor.as_json()
    if file_name:
        layer_entry["annotations"] = {oci.ANNOTATION_TITLE: file_name}
    document = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST,
        "config": config.descriptor.as_json(),
        "layers": [layer_entry],
        **fields,
    }
    manifest = Blob.of(canonical_json(document), oci.MANIFEST)
    return Artifact(manifest, (config, layer), str(fields.get("artifactType", "")))
