"""Bytes and texts from strangers: each reader of the hub raises only its own error."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wasmkit.errors import InputError
from wasmkit_hub.catalogue.module import measure_module
from wasmkit_hub.catalogue.versions import version_key
from wasmkit_hub.manifest import MANIFEST_TYPES, ManifestError, parse_manifest
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import digest_of, is_tag, repository_of
from wasmkit_hub.server import parse_address
from wasmkit_hub.web.readme import render_readme
from wasmkit_hub.web.schema_rows import defaults_of, schema_table

KEYS = st.sampled_from(
    [
        *("schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "digest"),
        *("size", "annotations", "artifactType", "urls", "properties", "type", "items", "$ref"),
        *("enum", "default", "required", "oneOf", "additionalProperties", "description", "minimum"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["#/properties", "#/items", "sha256:" + "a" * 64, *MANIFEST_TYPES, 2])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=6)
    ),
    max_leaves=25,
)
CONTENT = st.binary() | JSON.map(lambda data: json.dumps(data).encode())


@given(CONTENT, st.sampled_from(MANIFEST_TYPES) | st.text())
def test_manifest(content: bytes, content_type: str) -> None:
    with contextlib.suppress(ManifestError):
        parse_manifest(content, content_type)


@given(st.binary(), st.booleans(), st.integers(0, 600))
def test_layer(content: bytes, packed: bool, zeros: int) -> None:
    start = b"plugin.wasm".ljust(124, b"\0")
    content = gzip.compress(start + content + bytes(zeros)) if packed else content
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ManifestError):
        file = Path(folder) / "layer"
        file.write_bytes(content)
        measure_module(file, limit=1000)


@given(CONTENT)
def test_schema(content: bytes) -> None:
    table = schema_table(content)
    assert len(table.rows) <= 200
    json.dumps(defaults_of(content), allow_nan=False)


@given(st.binary() | st.text(alphabet="[]()<>!*_`#|-\\&\n a:").map(str.encode), st.text())
def test_readme(content: bytes, name: str) -> None:
    tags = re.findall(r"</?([a-z0-9]+)((?: [^>]*)?)>", render_readme(content, name))
    assert not {tag for tag, _ in tags} & {"script", "style", "iframe", "img", "object", "form"}
    assert not any(re.search(r"\bon\w+=|javascript:", attributes) for _, attributes in tags)


@given(st.text(), st.text())
def test_names(text: str, other: str) -> None:
    is_tag(text)
    assert (version_key(text) < version_key(other)) in {True, False}
    for read in (repository_of, digest_of):
        with contextlib.suppress(ApiError):
            read(text)
    with contextlib.suppress(InputError):
        parse_address(text)
