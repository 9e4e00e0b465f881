"""Manifests and indexes as registries send them, read with suspicion (image-spec 1.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from wasmkit.artifact.descriptor import Descriptor
from wasmkit.artifact.media_types import INDEX, INDEX_DOCKER, MANIFEST, MANIFEST_DOCKER
from wasmkit.artifact.reference import is_digest
from wasmkit.errors import RegistryError

__all__ = ["MAX_MANIFEST_SIZE", "Index", "IndexEntry", "Manifest", "canonical_json", "parse"]

MAX_MANIFEST_SIZE = 4 << 20
"""Bytes; the distribution specification has registries accept at least this much."""
_MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image or artifact: its config, its layers in order, and what is said about it."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A manifest in an index; ``platform`` is ``os/architecture``, or empty if none is given."""

    descriptor: Descriptor
    platform: str


@dataclass(frozen=True, slots=True)
class Index:
    """A list of manifests. ``document`` is the whole, for adding to it without losing a field."""

    media_type: str
    manifests: tuple[IndexEntry, ...]
    document: dict[str, object]


def canonical_json(document: object) -> bytes:
    """Return the one text that this project writes for a JSON value: sorted, no spaces, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def parse(data: bytes, media_type: str) -> Manifest | Index:
    """Read a manifest or an index, OCI's or Docker's.

    ``media_type`` is the response's ``Content-Type``; the document's own ``mediaType`` wins.
    Raises ``RegistryError`` for anything else.
    """
    if len(data) > MAX_MANIFEST_SIZE:
        raise RegistryError(f"a manifest of {len(data)} bytes is too large")
    try:
        document = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RegistryError("the manifest is no JSON") from None
    fields = _object(document, "the manifest")
    kind = _text(fields, "mediaType") or media_type.partition(";")[0].strip()
    if kind in (MANIFEST, MANIFEST_DOCKER):
        return _manifest(fields, kind)
    if kind in (INDEX, INDEX_DOCKER):
        return _index(fields, kind)
    raise RegistryError(
        f"the manifest's media type {kind[:100]!r} is none that this program knows",
        hint="pull a filter's image or its module manifest",
    )


def _no_constant(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _manifest(fields: dict[str, object], kind: str) -> Manifest:
    return Manifest(
        media_type=kind,
        config=_descriptor(fields.get("config"), "config"),
        layers=tuple(
            _descriptor(layer, f"layers[{n}]") for n, layer in enumerate(_list(fields, "layers"))
        ),
        annotations=_annotations(fields),
    )


def _index(fields: dict[str, object], kind: str) -> Index:
    entries = []
    for number, entry in enumerate(_list(fields, "manifests")):
        descriptor = _descriptor(entry, f"manifests[{number}]")
        platform = _object(entry, "entry").get("platform")
        name = ""
        if platform is not None:
            parts = _object(platform, "platform")
            name = f"{_text(parts, 'os')}/{_text(parts, 'architecture')}"
        entries.append(IndexEntry(descriptor, name))
    return Index(kind, tuple(entries), fields)


def _descriptor(value: object, where: str) -> Descriptor:
    fields = _object(value, where)
    digest, size = _text(fields, "digest"), fields.get("size")
    if not is_digest(digest):
        raise RegistryError(f"the manifest's {where}.digest is no digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise RegistryError(f"the manifest's {where}.size is no size")
    return Descriptor(
        _text(fields, "mediaType"),
        digest,
        size,
        _text(fields, "artifactType"),
    )


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RegistryError(f"the manifest is malformed: {where} is no object")
    return cast("dict[str, object]", value)


def _list(fields: dict[str, object], name: str) -> list[object]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MAX_ENTRIES:
        raise RegistryError(f"the manifest is malformed: {name} is no list of a sane length")
    return cast("list[object]", value)


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise RegistryError(f"the manifest is malformed: {name} is no text")
    return value


def _annotations(fields: dict[str, object]) -> dict[str, str]:
    value = fields.get("annotations")
    if value is None:
        return {}
    return {name: _text({name: text}, name) for name, text in _object(value, "annotations").items()}
