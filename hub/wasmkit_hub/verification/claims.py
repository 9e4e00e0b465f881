"""What an image's author says of it. Every word of it is a stranger's, and stands for nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from wasmkit.artifact import media_types as oci
from wasmkit.errors import InputError
from wasmkit.project.document import FilterDocument
from wasmkit_hub.platform.text import plain_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmkit_hub.verification.tables import ImageRow

__all__ = ["Claims", "claims_of", "with_document", "write_claims"]

_SHORT, _LONG = 100, 1000
_LONGEST_EXAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """The author's words, each in one line and cut to length; empty if nothing is said."""

    name: str = ""
    version: str = ""
    description: str = ""
    licenses: str = ""
    authors: str = ""
    root_id: str = ""
    lowest_envoy: str = ""
    language: str = ""
    kind: str = ""
    on_error: str = ""
    """``open``, ``close``, or nothing."""
    example: str = ""


_ON_ERROR = ("open", "close")
_LENGTHS = {"description": _LONG, "authors": _LONG, "root_id": _LONG}
_ANNOTATIONS = {
    "name": oci.ANNOTATION_TITLE,
    "version": oci.ANNOTATION_VERSION,
    "description": oci.ANNOTATION_DESCRIPTION,
    "licenses": oci.ANNOTATION_LICENSES,
    "authors": oci.ANNOTATION_AUTHORS,
    "root_id": oci.ANNOTATION_ROOT_ID,
    "lowest_envoy": oci.ANNOTATION_LOWEST_ENVOY,
    "language": oci.ANNOTATION_LANGUAGE,
    "kind": oci.ANNOTATION_KIND,
}


def _cut(field: str, text: str) -> str:
    return plain_line(text, _LENGTHS.get(field, _SHORT))


def claims_of(annotations: Mapping[str, str]) -> Claims:
    """Read an image's annotations."""
    return Claims(
        **{field: _cut(field, annotations.get(name, "")) for field, name in _ANNOTATIONS.items()}
    )


def with_document(claims: Claims, content: bytes) -> Claims:
    """Put a filter document's words over those of the annotations.

    One that is not a filter document changes nothing, and none is believed about the module.
    """
    try:
        document = FilterDocument.from_bytes(content)
    except InputError:
        return claims
    said = document.filter
    words = {**asdict(said), "licenses": said.license, "authors": ", ".join(said.authors[:20])}
    texts = {field: _cut(field, words[field]) for field in _ANNOTATIONS if words[field]}
    texts["on_error"] = said.on_error if said.on_error in _ON_ERROR else ""
    example = document.config.example
    written = "" if example is None else json.dumps(example)
    return replace(claims, **texts, example=written if len(written) <= _LONGEST_EXAMPLE else "")


def write_claims(row: ImageRow, claims: Claims) -> None:
    """Put claims into a row; a filter without a name is called by the end of its repository's."""
    for field, value in asdict(claims).items():
        setattr(row, field, value)
    row.name = claims.name or row.repository.rpartition("/")[2]
