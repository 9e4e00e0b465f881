"""The filter document: all that is known of one version of a filter, as versioned JSON.

Project and inspection together. ``wasmkit build`` writes it beside the module, ``push`` attaches
it to the image, the hub stores and shows it. Its fields are those of the classes that it is made
of; ``document.schema.json`` is made from them too.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from wasmkit.errors import InputError
from wasmkit.inspection import Inspection  # noqa: TC001  # the type of a field, read at run time
from wasmkit.project.project import FilterFacts, read_configuration_schema
from wasmkit.records import from_json, schema_of, to_json

if TYPE_CHECKING:
    from wasmkit.project.project import Project

__all__ = ["SIZE_LIMIT", "VERSION", "Configuration", "FilterDocument", "document_schema"]

VERSION = 1
SIZE_LIMIT = 1024 * 1024
"""Bytes; the document of a Python filter has about 5,000."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the filter can be told: a JSON Schema, None if there is none, and a value that fits."""

    schema: dict[str, object] | None = None
    example: object = None


@dataclass(frozen=True, slots=True)
class FilterDocument:
    """All that is known of one version of a filter."""

    filter: FilterFacts
    module: Inspection
    config: Configuration = field(default_factory=Configuration)

    @classmethod
    def of_project(cls, project: Project, module: Inspection) -> FilterDocument:
        """Describe a project and what was built of it.

        Raises ``InputError`` if the configuration schema's file cannot be read.
        """
        schema = None
        if project.config.schema is not None:
            schema = _as_object(read_configuration_schema(project.config.schema))
        return cls(project.facts, module, Configuration(schema, project.config.example))

    @classmethod
    def from_bytes(cls, data: bytes) -> FilterDocument:
        """Read a document that anybody may have written.

        Raises ``InputError`` unless it is JSON of this version, within ``SIZE_LIMIT``, whose
        fields have the right types. Unknown fields are ignored.
        """
        if len(data) > SIZE_LIMIT:
            raise _too_large()
        try:
            value = json.loads(data, parse_constant=_no_constant)
            _encode(value)  # neither infinity (1e999) nor half a surrogate pair goes further
        except (ValueError, RecursionError) as error:
            raise InputError("the filter document is not JSON") from error
        if not isinstance(value, dict):
            raise InputError("the filter document is not a JSON object")
        version = value.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise InputError("the filter document has no version", field="version")
        if version > VERSION:
            raise InputError(
                f"a newer wasmkit wrote this: it is a filter document of version {version}",
                hint="pip install --upgrade wasmkit",
            )
        return from_json(cls, value)

    def to_json(self) -> dict[str, Any]:
        """Return the document as a JSON value; what is not known of the filter is left out."""
        known = {each.name for each in fields(self.filter) if each.default is MISSING}
        facts = to_json(self.filter).items()
        return {
            "version": VERSION,
            "filter": {key: value for key, value in facts if value or key in known},
            "config": to_json(self.config),
            "module": to_json(self.module),
        }

    def to_bytes(self) -> bytes:
        """Return the one text of the document, the same for equal documents.

        Raises ``InputError`` if it is larger than ``SIZE_LIMIT``.
        """
        data = _encode(self.to_json())
        if len(data) > SIZE_LIMIT:
            raise _too_large()
        return data


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema that ships as ``document.schema.json``."""
    schema = schema_of(FilterDocument)
    properties = {"version": {"const": VERSION}, **schema["properties"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "filter document",
        **schema,
        "required": ["version", *schema["required"]],
        "properties": properties,
    }


def _as_object(schema: object) -> dict[str, object]:
    """Return a schema as an object: ``true`` and ``false`` are schemas too."""
    if isinstance(schema, dict):
        return schema
    return {} if schema else {"not": {}}


def _encode(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    return text.encode() + b"\n"


def _no_constant(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _too_large() -> InputError:
    return InputError(f"the filter document is larger than {SIZE_LIMIT >> 20} MiB")
