"""Whatever a stranger sends or types, only this project's own errors come out."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import struct
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.layer import compress, module_from_layer, module_tar
from wasmkit.artifact.manifest import canonical_json, parse
from wasmkit.artifact.reference import parse_reference
from wasmkit.errors import InputError, RegistryError

REFERENCES = st.text() | st.text("ab1.:/@-_[]%\n sha256:", max_size=120)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
DESCRIPTOR = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": st.sampled_from([oci.LAYER_WASM, oci.LAYER_TAR_GZIP]) | JSON,
        "digest": st.just("sha256:" + "0" * 64) | JSON,
        "size": st.integers(-1, 10) | JSON,
        "annotations": JSON,
        "platform": JSON,
    },
)
MANIFESTS = st.fixed_dictionaries(
    {"mediaType": st.sampled_from([oci.MANIFEST, oci.INDEX, oci.MANIFEST_DOCKER]) | JSON},
    optional={
        "config": DESCRIPTOR | JSON,
        "layers": st.lists(DESCRIPTOR, max_size=3) | JSON,
        "manifests": st.lists(DESCRIPTOR, max_size=3) | JSON,
        "annotations": st.dictionaries(st.text(), st.text()) | JSON,
        "artifactType": JSON,
    },
)


@given(REFERENCES)
def test_references(text: str) -> None:
    with contextlib.suppress(InputError):
        reference = parse_reference(text)
        assert str(reference) == text
        assert reference.is_loopback in {True, False}


@given(MANIFESTS | JSON, st.text())
def test_manifests(document: object, media_type: str) -> None:
    with contextlib.suppress(RegistryError):
        parse(json.dumps(document).encode(), media_type)


@given(st.binary(), st.sampled_from([oci.MANIFEST, oci.INDEX]))
def test_manifest_bytes(data: bytes, media_type: str) -> None:
    with contextlib.suppress(RegistryError):
        parse(data, media_type)


@given(JSON)
def test_canonical_json_is_read_back(document: object) -> None:
    text = canonical_json(document)
    assert canonical_json(json.loads(text)) == text


@given(st.binary())
def test_layers(data: bytes) -> None:
    with contextlib.suppress(RegistryError):
        assert module_from_layer(data) in gzip.decompress(data)
    with contextlib.suppress(RegistryError):
        assert module_from_layer(gzip.compress(data)) in data


@given(st.binary(max_size=2000))
def test_what_is_packed_is_unpacked(module: bytes) -> None:
    assert module_from_layer(compress(module_tar(module))) == module


@st.composite
def damaged_archives(draw: st.DrawFn) -> bytes:
    """Draw a tar file of several dialects with some bytes changed and checksums put right."""
    target = io.BytesIO()
    style = draw(st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
    with tarfile.open(fileobj=target, mode="w", format=style) as tar:
        for name in draw(st.lists(st.sampled_from(["plugin.wasm", "a/plugin.wasm", "é" * 150]))):
            info = tarfile.TarInfo(name)
            info.size = draw(st.integers(0, 1200))
            tar.addfile(info, io.BytesIO(b"1" * info.size))
    data = bytearray(target.getvalue())
    changes = st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255))
    for position, value in draw(st.lists(changes, max_size=8)):
        data[position] = value
    for start in range(0, len(data), 512):
        block = data[start : start + 512]
        if block[257:262] == b"ustar":
            block[148:156] = b" " * 8
            struct.pack_into("8s", data, start + 148, b"%06o\0 " % sum(block))
    return bytes(data)


@given(damaged_archives())
def test_damaged_archives(data: bytes) -> None:
    with contextlib.suppress(RegistryError):
        assert module_from_layer(gzip.compress(data, 1)) in data
