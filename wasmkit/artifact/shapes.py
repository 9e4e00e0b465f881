"""Where the module lies in an image: every shape that Istio and Envoy Gateway take, and CNCF's.

As their fetchers do (istio/istio ``pkg/wasm/imagefetcher.go``): the last layer of a Docker or OCI
image in tar+gzip; else exactly two layers of which one is solo-io's raw module; and, which they
refuse, a single ``application/wasm`` layer. Of an index the linux/amd64 child is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.layer import module_from_layer

if TYPE_CHECKING:
    from wasmkit.artifact.descriptor import Descriptor
    from wasmkit.artifact.manifest import Index, Manifest

__all__ = ["child_of", "is_packed", "module_layer", "unpack_module"]

_PLATFORMS = ("linux/amd64", "")
"""An index's child without a platform counts as linux/amd64, as in go-containerregistry."""


def child_of(index: Index) -> str:
    """Return the digest of the manifest that an index means to a mesh, or empty text."""
    for entry in index.manifests:
        if entry.platform in _PLATFORMS:
            return entry.descriptor.digest
    return ""


def module_layer(manifest: Manifest) -> Descriptor | None:
    """Return the layer in which a fetcher looks for the module; None if it would refuse."""
    layers = manifest.layers
    image = oci.LAYER_TAR_GZIP
    if manifest.media_type == oci.MANIFEST_DOCKER:
        image = oci.LAYER_DOCKER_TAR_GZIP
    if layers and layers[-1].media_type == image:
        return layers[-1]
    bare = [layer for layer in layers[:2] if layer.media_type == oci.LAYER_SOLO_WASM]
    if len(layers) == 2 and len(bare) == 1:
        return bare[0]
    if len(layers) == 1 and layers[0].media_type == oci.LAYER_WASM:
        return layers[0]
    return None


def is_packed(layer: Descriptor) -> bool:
    """Say whether a layer is an archive, which may hold a module or anything else."""
    return layer.media_type in (oci.LAYER_TAR_GZIP, oci.LAYER_DOCKER_TAR_GZIP)


def unpack_module(layer: Descriptor, content: bytes) -> bytes:
    """Return the module in the content of ``module_layer``; raises as ``module_from_layer``."""
    return module_from_layer(content) if is_packed(layer) else content
