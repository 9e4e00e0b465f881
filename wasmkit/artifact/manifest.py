"""Manifests and indexes as clients and registries send them, read with suspicion (image-spec 1.1).

The one reader of both sides, ``wasmkit pull`` and the hub. Fields that it does not know are left
alone, as image-spec asks (considerations.md#extensibility); ``null`` stands for absent, as Go
programs write it. It is bounded by the length of the text alone.
"""

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

_DISTANT = ("nondistributable", ".foreign.")
"""In the media types of layers that a registry need not have (image-spec 1.1, layer.md; Docker)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image or artifact: its config, its layers in order, and what is said about it.

    ``subject`` is the digest of the manifest that it refers to, or empty. ``artifact_type`` is as
    the referrers API shows it: that of an image falls back to its config's media type.
    """

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: dict[str, str]
    artifact_type: str = ""
    subject: str = ""


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
    annotations: dict[str, str]
    artifact_type: str = ""
    subject: str = ""


def canonical_json(document: object) -> bytes:
    """Return the one text that this project writes for a JSON value: sorted, no spaces, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def parse(data: bytes, media_type: str) -> Manifest | Index:
    """Read a manifest or an index, OCI's or Docker's.

    ``media_type`` is the response's ``Content-Type``; the document's own ``mediaType`` wins.
    Raises ``RegistryError`` for anything else.
    """
    fields = _load(data)
    kind = _text(fields, "mediaType") or media_type.partition(";")[0].strip()
    if kind in (MANIFEST, MANIFEST_DOCKER):
        return _manifest(fields, kind)
    if kind in (INDEX, INDEX_DOCKER):
        return _index(fields, kind)
    raise RegistryError(
        f"the manifest's media type {kind[:100]!r} is none that this program knows",
        hint="pull a filter's image or its module manifest",
    )


def _load(data: bytes) -> dict[str, object]:
    if len(data) > MAX_MANIFEST_SIZE:
        raise RegistryError(f"a manifest of {len(data)} bytes is too large")
    try:
        document = json.loads(data.decode(), parse_constant=_no_constant)
        if b"\\ud" in data.lower():  # half a surrogate pair can be neither stored nor shown
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise RegistryError("the manifest is not JSON") from None
    fields = _object(document, "the manifest")
    if fields.get("schemaVersion") != 2:
        raise RegistryError("the manifest's schemaVersion is not 2")
    return fields


def _no_constant(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _refuse_both(fields: dict[str, object], others: tuple[str, ...]) -> None:
    # Two readers could take the same bytes for different things (CVE-2021-41190).
    if any(fields.get(name) is not None for name in others):
        raise RegistryError("an image has config and layers, an index has manifests; this has both")


def _subject(fields: dict[str, object]) -> str:
    subject = fields.get("subject")
    return "" if subject is None else _descriptor(subject, "subject").digest


def _manifest(fields: dict[str, object], kind: str) -> Manifest:
    _refuse_both(fields, ("manifests",))
    config = _descriptor(fields.get("config"), "config")
    return Manifest(
        media_type=kind,
        config=config,
        layers=tuple(
            _descriptor(layer, f"layers[{n}]") for n, layer in enumerate(_list(fields, "layers"))
        ),
        annotations=_annotations(fields),
        artifact_type=_text(fields, "artifactType") or config.media_type,
        subject=_subject(fields),
    )


def _index(fields: dict[str, object], kind: str) -> Index:
    _refuse_both(fields, ("config", "layers"))
    entries = []
    for number, entry in enumerate(_list(fields, "manifests")):
        descriptor = _descriptor(entry, f"manifests[{number}]")
        platform = _object(entry, "entry").get("platform")
        name = ""
        if platform is not None:
            parts = _object(platform, "platform")
            name = f"{_text(parts, 'os')}/{_text(parts, 'architecture')}"
        entries.append(IndexEntry(descriptor, name))
    return Index(
        media_type=kind,
        manifests=tuple(entries),
        document=fields,
        annotations=_annotations(fields),
        artifact_type=_text(fields, "artifactType"),
        subject=_subject(fields),
    )


def _descriptor(value: object, where: str) -> Descriptor:
    fields = _object(value, where)
    digest, size = _text(fields, "digest"), fields.get("size")
    if not is_digest(digest):
        raise RegistryError(f"the manifest's {where}.digest is not a digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise RegistryError(f"the manifest's {where}.size is not a size")
    media_type = _text(fields, "mediaType")
    return Descriptor(
        media_type,
        digest,
        size,
        _text(fields, "artifactType"),
        elsewhere=bool(fields.get("urls")) or any(word in media_type for word in _DISTANT),
    )


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RegistryError(f"the manifest is malformed: {where} is not an object")
    return cast("dict[str, object]", value)


def _list(fields: dict[str, object], name: str) -> list[object]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RegistryError(f"the manifest is malformed: {name} is not a list")
    return cast("list[object]", value)


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise RegistryError(f"the manifest is malformed: {name} is not a text")
    return value or ""


def _annotations(fields: dict[str, object]) -> dict[str, str]:
    value = fields.get("annotations")
    texts = {} if value is None else _object(value, "annotations")
    if not all(isinstance(text, str) for text in texts.values()):
        raise RegistryError("the manifest is malformed: an annotation is not a text")
    return cast("dict[str, str]", texts)
