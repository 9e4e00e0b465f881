"""Bytes and texts from strangers: each reader of the hub raises only its own error."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wasmkit.artifact.layer import module_tar
from wasmkit.artifact.media_types import LAYER_TAR_GZIP, LAYER_WASM
from wasmkit.errors import InputError
from wasmkit.inspection import supported
from wasmkit_hub.catalogue.versions import version_key
from wasmkit_hub.platform.server import parse_address
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import digest_of, is_tag, repository_of
from wasmkit_hub.registry.pushed import MANIFEST_TYPES, image_of, only_layer_of, read_pushed
from wasmkit_hub.verification.claims import Claims, claims_of, with_document
from wasmkit_hub.verification.readme import render_readme
from wasmkit_hub.verification.schema_rows import defaults_of, schema_table
from wasmkit_hub.verification.tasks import measure

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
    with contextlib.suppress(ApiError):
        manifest = read_pushed(content, content_type)
        assert image_of(manifest, "sha256:x").startswith("sha")
        assert only_layer_of(manifest) is None or ":" in str(only_layer_of(manifest))


@given(st.binary(), st.booleans(), st.sampled_from([LAYER_TAR_GZIP, LAYER_WASM, ""]))
def test_layer(content: bytes, packed: bool, media_type: str) -> None:
    start = b"\0asm\1\0\0\0"
    for layer in (content, start + content, gzip.compress(module_tar(start + content))):
        sent = gzip.compress(layer) if packed else layer
        answer = measure.run({"media_type": media_type}, [sent])
        assert answer.keys() & {"module", "absent", "broken"}
        json.dumps(answer)


DOCUMENTS = st.fixed_dictionaries(
    {"filter": JSON | st.dictionaries(st.sampled_from(["name", "authors", "license"]), JSON)},
    optional={"config": JSON | st.fixed_dictionaries({"example": JSON})},
)


@given(st.binary() | (DOCUMENTS | JSON).map(lambda data: json.dumps(data).encode()), st.text())
def test_claims(content: bytes, text: str) -> None:
    claims = with_document(claims_of({"org.opencontainers.image.title": text}), content)
    assert all(isinstance(value, str) for value in dataclasses.asdict(claims).values())
    assert isinstance(claims, Claims)
    supported(text)


@given(CONTENT)
def test_schema(content: bytes) -> None:
    table = schema_table(content)
    assert len(table.rows) <= 200
    json.dumps(defaults_of(content), allow_nan=False)


@given(st.binary() | st.text(alphabet="[]()<>!*_`#|-\\&\n a:").map(str.encode))
def test_readme(content: bytes) -> None:
    readme = render_readme(content)
    whole = readme.heading_html + readme.html
    tags = re.findall(r"</?([a-z0-9]+)((?: [^>]*)?)>", whole)
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
