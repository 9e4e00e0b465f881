"""Media types, artifact types and annotations of a published filter.

One list, because the side that pushes and the hub that indexes must agree letter by letter. The
shape, per filter version, in one repository:

* the **image** under the version's tag: an OCI image manifest (image-spec v1.1) with a real image
  config and one ``LAYER_TAR_GZIP`` layer that holds the single file ``MODULE_FILE``. Istio, Envoy
  Gateway, Higress and Google Cloud accept it; its digest is what they pin;
* **referrers** (manifests whose ``subject`` is the image), told apart by ``artifactType``, each
  with one layer: the bare module, the filter document, the README, the configuration schema.
"""

from __future__ import annotations

__all__ = [
    "ANNOTATION_ABI",
    "ANNOTATION_AUTHORS",
    "ANNOTATION_CAPABILITIES",
    "ANNOTATION_CREATED",
    "ANNOTATION_DESCRIPTION",
    "ANNOTATION_KIND",
    "ANNOTATION_LANGUAGE",
    "ANNOTATION_LICENSES",
    "ANNOTATION_LOWEST_ENVOY",
    "ANNOTATION_MODULE_SHA256",
    "ANNOTATION_MODULE_SIZE",
    "ANNOTATION_ROOT_ID",
    "ANNOTATION_SOURCE",
    "ANNOTATION_TITLE",
    "ANNOTATION_VARIANT",
    "ANNOTATION_VERSION",
    "CONFIG_EMPTY",
    "CONFIG_IMAGE",
    "CONFIG_WASM",
    "INDEX",
    "INDEX_DOCKER",
    "LAYER_DOCKER_TAR_GZIP",
    "LAYER_MARKDOWN",
    "LAYER_SCHEMA",
    "LAYER_SOLO_WASM",
    "LAYER_TAR_GZIP",
    "LAYER_WASM",
    "MANIFEST",
    "MANIFEST_DOCKER",
    "MODULE_FILE",
    "TYPE_CONFIG_SCHEMA",
    "TYPE_DOCUMENT",
    "TYPE_MODULE",
    "TYPE_README",
    "VARIANT_COMPAT",
]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
INDEX_DOCKER = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST_DOCKER = "application/vnd.docker.distribution.manifest.v2+json"

CONFIG_IMAGE = "application/vnd.oci.image.config.v1+json"
CONFIG_WASM = "application/vnd.wasm.config.v0+json"
CONFIG_EMPTY = "application/vnd.oci.empty.v1+json"
"""Config of a referrer that needs none: the two bytes ``{}`` (image-spec, manifest, guidance)."""

LAYER_TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_DOCKER_TAR_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
LAYER_WASM = "application/wasm"
LAYER_SOLO_WASM = "application/vnd.module.wasm.content.layer.v1+wasm"
LAYER_MARKDOWN = "text/markdown"
LAYER_SCHEMA = "application/schema+json"

TYPE_MODULE = "application/vnd.wasmkit.module.v1"
"""Referrer: the bare module; config ``CONFIG_WASM``, one ``LAYER_WASM`` layer."""
TYPE_README = "application/vnd.wasmkit.readme.v1"
"""Referrer: the README; config ``CONFIG_EMPTY``, one ``LAYER_MARKDOWN`` layer."""
TYPE_CONFIG_SCHEMA = "application/vnd.wasmkit.config-schema.v1"
"""Referrer: JSON Schema of the configuration; ``CONFIG_EMPTY``, one ``LAYER_SCHEMA`` layer."""
TYPE_DOCUMENT = "application/vnd.wasmkit.filter.v1+json"
"""Referrer: the filter document (``wasmkit.project.document``); ``CONFIG_EMPTY``, one layer of
this same type."""

MODULE_FILE = "plugin.wasm"
"""The one file in the image's layer; the name is what the fetchers of Envoy's meshes look for."""

ANNOTATION_TITLE = "org.opencontainers.image.title"
ANNOTATION_VERSION = "org.opencontainers.image.version"
ANNOTATION_DESCRIPTION = "org.opencontainers.image.description"
ANNOTATION_LICENSES = "org.opencontainers.image.licenses"
ANNOTATION_AUTHORS = "org.opencontainers.image.authors"
"""Authors as one text, separated by a comma and a space."""
ANNOTATION_SOURCE = "org.opencontainers.image.source"
ANNOTATION_CREATED = "org.opencontainers.image.created"
"""RFC 3339; present only if ``SOURCE_DATE_EPOCH`` was set, so that builds stay reproducible."""

ANNOTATION_ABI = "dev.wasmkit.abi"
"""ABI version of the module, such as ``0.2.1``."""
ANNOTATION_ROOT_ID = "dev.wasmkit.root_id"
ANNOTATION_LOWEST_ENVOY = "dev.wasmkit.lowest-envoy"
"""Lowest Envoy that the author supports, such as ``1.36``."""
ANNOTATION_MODULE_SHA256 = "dev.wasmkit.module.sha256"
"""64 lower-case hex digits, without ``sha256:``, as Envoy's ``sha256`` field wants them."""
ANNOTATION_MODULE_SIZE = "dev.wasmkit.module.size"
"""Bytes, in decimal."""
ANNOTATION_CAPABILITIES = "dev.wasmkit.capabilities"
"""What the module may ask of its host: sorted names separated by commas, without spaces."""
ANNOTATION_LANGUAGE = "dev.wasmkit.language"
ANNOTATION_KIND = "dev.wasmkit.kind"
"""``http`` (an HTTP filter) or, later, ``network``."""

ANNOTATION_VARIANT = "module.wasm.image/variant"
VARIANT_COMPAT = "compat"
"""Value of ``ANNOTATION_VARIANT``: solo-io's name for the image shape (spec-compat.md)."""
