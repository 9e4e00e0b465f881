"""Fetches a filter's module from an image of any shape (see ``shapes``)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.descriptor import digest_of
from wasmkit.artifact.layer import MAX_MODULE_SIZE
from wasmkit.artifact.manifest import Index, Manifest
from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.requests import PullRequest, PullResult
from wasmkit.artifact.shapes import child_of, module_layer, unpack_module
from wasmkit.errors import GuestModuleError, InputError, RegistryError
from wasmkit.files import write_atomically
from wasmkit.progress import Step, silent

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.artifact.client import Fetched
    from wasmkit.artifact.descriptor import Descriptor
    from wasmkit.artifact.reference import Reference
    from wasmkit.progress import Progress

__all__ = ["Pulled", "pull", "pull_module", "save_module"]

_CORE_MODULE = b"\0asm\1\0\0\0"


@dataclass(frozen=True, slots=True)
class Pulled:
    """A module and where it came from; ``image_digest`` is of the manifest that holds it."""

    reference: Reference
    image_digest: str
    module_sha256: str
    module: bytes = field(repr=False)


def pull(request: PullRequest, progress: Progress = silent) -> PullResult:
    """Fetch a module into a file: see ``wasmkit.artifact.pull_filter``."""
    place = parse_reference(request.reference)
    _refuse_existing(request.output, force=request.force)
    progress(Step(f"fetching {place}"))
    client = RegistryClient(place, plain_http=request.plain_http or None)
    pulled = pull_module(client, place)
    save_module(pulled.module, request.output, force=request.force)
    return PullResult(
        place, request.output, pulled.image_digest, pulled.module_sha256, len(pulled.module)
    )


def pull_module(client: RegistryClient, reference: Reference) -> Pulled:
    """Fetch and check the module that a reference leads to.

    Raises ``RegistryError``, or ``GuestModuleError`` if what comes is not a core module.
    """
    fetched = client.manifest(reference.target)
    if isinstance(fetched.content, Index):
        fetched = client.manifest(_child(fetched.content, reference))
    manifest = fetched.content
    if isinstance(manifest, Index):
        raise RegistryError(f"{reference} is an index of indexes")
    layer = _module_layer(manifest, reference)
    data = client.blob(layer, "the module's layer", limit=MAX_MODULE_SIZE)
    return _checked(unpack_module(layer, data), fetched, manifest, reference)


def save_module(module: bytes, file: Path, *, force: bool) -> None:
    """Write the module, whole or not at all; an existing file only with ``force``.

    Raises ``InputError`` if the file exists or cannot be written.
    """
    _refuse_existing(file, force=force)
    write_atomically(file, module)


def _refuse_existing(file: Path, *, force: bool) -> None:
    """Raise ``InputError`` if the file exists and may not be overwritten; asked before a fetch."""
    if not force and os.path.lexists(file):
        raise InputError("exists already", file=file, hint="overwrite it with --force")


def _child(index: Index, reference: Reference) -> str:
    digest = child_of(index)
    if not digest:
        raise RegistryError(
            f"{reference} is an index without a manifest for linux/amd64",
            hint="the platform that Istio and Envoy Gateway take; pull a manifest by its digest",
        )
    return digest


def _module_layer(manifest: Manifest, reference: Reference) -> Descriptor:
    layer = module_layer(manifest)
    if layer is not None:
        return layer
    found = ", ".join(repr(layer.media_type[:100]) for layer in manifest.layers[:5]) or "none"
    raise RegistryError(
        f"{reference} is not a filter's image: its layers are {found}",
        hint=f"a filter has one {oci.LAYER_TAR_GZIP} layer with {oci.MODULE_FILE}",
    )


def _checked(module: bytes, fetched: Fetched, manifest: Manifest, reference: Reference) -> Pulled:
    sha256 = digest_of(module).removeprefix("sha256:")
    promised = manifest.annotations.get(oci.ANNOTATION_MODULE_SHA256, sha256)
    if promised != sha256:
        raise RegistryError(
            f"{reference}: the module's sha256 is {sha256}, its annotation says {promised[:64]!r}",
            hint="whoever pushed it must push it again",
        )
    if not module.startswith(_CORE_MODULE):
        raise GuestModuleError(
            f"{reference}: what its image holds is not a core WebAssembly module",
            hint="components run in no Envoy; a Proxy-Wasm filter is a core module",
        )
    return Pulled(reference, fetched.blob.descriptor.digest, sha256, module)
