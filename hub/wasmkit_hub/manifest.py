"""Reading a pushed manifest: what it is, what it needs, what it refers to.

The bytes are kept as they came; this is only what the registry must know of them. Fields that it
does not know are left alone, as image-spec asks (manifest.md, considerations.md#extensibility).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from wasmkit.artifact.media_types import INDEX, INDEX_DOCKER, MANIFEST, MANIFEST_DOCKER
from wasmkit.errors import InputError
from wasmkit_hub.storage.digest import Digest

__all__ = ["MANIFEST_TYPES", "Descriptor", "Manifest", "ManifestError", "parse_manifest"]

MANIFEST_TYPES = (MANIFEST, INDEX, MANIFEST_DOCKER, INDEX_DOCKER)
"""What may be pushed. A closed list: the type comes back as the answer's Content-Type, and a
browser must never see ``text/html`` there."""


class ManifestError(InputError):
    """A manifest cannot be taken; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to content (image-spec descriptor.md)."""

    media_type: str
    digest: Digest
    size: int
    elsewhere: bool
    """The content need not be in this registry: it has URLs or must not be distributed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the registry knows of a manifest."""

    media_type: str
    artifact_type: str | None
    """As the referrers API shows it: an image's falls back to its config's media type."""
    subject: Digest | None
    annotations: dict[str, str]
    layers: tuple[Descriptor, ...]
    blobs: tuple[Descriptor, ...]
    """Config and layers."""
    children: tuple[Descriptor, ...]
    """The manifests of an index."""


def _refuse(why: str) -> NoReturn:
    raise ManifestError(why)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _text(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        _refuse(f"{key} must be a text")
    return value or None


def _descriptor(data: object, where: str) -> Descriptor:
    if not isinstance(data, dict):
        _refuse(f"{where} must be an object")
    size = data.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        _refuse(f"{where}.size must be a number of bytes")
    try:
        digest = Digest.parse(_text(data, "digest") or "")
    except InputError as exc:
        _refuse(f"{where}.digest: {exc}")
    media_type = _text(data, "mediaType") or ""
    elsewhere = bool(data.get("urls")) or "nondistributable" in media_type
    return Descriptor(media_type, digest, size, elsewhere or ".foreign." in media_type)


def _descriptors(data: dict[str, Any], key: str) -> tuple[Descriptor, ...]:
    entries = data.get(key) or []
    if not isinstance(entries, list):
        _refuse(f"{key} must be a list")
    return tuple(_descriptor(entry, f"{key}[{n}]") for n, entry in enumerate(entries))


def _annotations(data: dict[str, Any]) -> dict[str, str]:
    annotations = data.get("annotations") or {}
    if not isinstance(annotations, dict):
        _refuse("annotations must be an object")
    if not all(isinstance(value, str) for value in annotations.values()):
        _refuse("annotations must be texts")
    return annotations


def _load(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content.decode(), parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False).encode()  # lone surrogates cannot be stored or shown
    except (ValueError, RecursionError) as exc:
        _refuse(f"it is not JSON: {exc}")
    if not isinstance(data, dict):
        _refuse("it is not a JSON object")
    if data.get("schemaVersion") != 2:
        _refuse("schemaVersion must be 2")
    return data


def parse_manifest(content: bytes, content_type: str) -> Manifest:
    """Read a manifest pushed with this Content-Type; raises ManifestError."""
    media_type = content_type.partition(";")[0].strip()
    if media_type not in MANIFEST_TYPES:
        _refuse(f"Content-Type {media_type[:100]!r} is none of {', '.join(MANIFEST_TYPES)}")
    data = _load(content)
    if _text(data, "mediaType") not in (None, media_type):
        _refuse("its mediaType is not the Content-Type of the request")
    is_index = media_type in (INDEX, INDEX_DOCKER)
    if is_index == ("layers" in data or "config" in data):
        _refuse("an image has config and layers, an index has manifests")
    layers = () if is_index else _descriptors(data, "layers")
    config = () if is_index else (_descriptor(data.get("config"), "config"),)
    subject = data.get("subject")
    return Manifest(
        media_type=media_type,
        artifact_type=_text(data, "artifactType") or (config[0].media_type if config else None),
        subject=None if subject is None else _descriptor(subject, "subject").digest,
        annotations=_annotations(data),
        layers=layers,
        blobs=(*config, *layers),
        children=_descriptors(data, "manifests") if is_index else (),
    )
