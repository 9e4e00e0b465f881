"""In which layer of an image a fetcher looks for the module."""

from __future__ import annotations

import json

import pytest

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.layer import compress, module_tar
from wasmkit.artifact.manifest import Index, Manifest, parse
from wasmkit.artifact.shapes import child_of, is_packed, module_layer, unpack_module

MODULE = b"\0asm\1\0\0\0"


def manifest(kind: str, *layers: str) -> Manifest:
    entries = [
        {"mediaType": layer, "digest": f"sha256:{n:064}", "size": 1}
        for n, layer in enumerate(("config", *layers))
    ]
    document = {"schemaVersion": 2, "config": entries[0], "layers": entries[1:]}
    content = parse(json.dumps(document).encode(), kind)
    assert isinstance(content, Manifest)
    return content


@pytest.mark.parametrize(
    ("kind", "layers", "found"),
    [
        (oci.MANIFEST, [oci.LAYER_TAR_GZIP], 0),
        (oci.MANIFEST, ["a/b", "c/d", oci.LAYER_TAR_GZIP], 2),
        (oci.MANIFEST, [oci.LAYER_TAR_GZIP, "a/b"], None),
        (oci.MANIFEST, [oci.LAYER_DOCKER_TAR_GZIP], None),
        (oci.MANIFEST_DOCKER, [oci.LAYER_DOCKER_TAR_GZIP], 0),
        (oci.MANIFEST, ["a/b", oci.LAYER_SOLO_WASM], 1),
        (oci.MANIFEST, [oci.LAYER_SOLO_WASM], None),
        (oci.MANIFEST, [oci.LAYER_SOLO_WASM, oci.LAYER_SOLO_WASM], None),
        (oci.MANIFEST, [oci.LAYER_WASM], 0),
        (oci.MANIFEST, [oci.LAYER_WASM, "a/b"], None),
        (oci.MANIFEST, [], None),
    ],
)
def test_module_layer(kind: str, layers: list[str], found: int | None) -> None:
    content = manifest(kind, *layers)
    assert module_layer(content) == (None if found is None else content.layers[found])


def test_the_module_in_a_layer() -> None:
    (packed,) = manifest(oci.MANIFEST, oci.LAYER_TAR_GZIP).layers
    assert is_packed(packed)
    assert unpack_module(packed, compress(module_tar(MODULE))) == MODULE
    (bare,) = manifest(oci.MANIFEST, oci.LAYER_WASM).layers
    assert not is_packed(bare)
    assert unpack_module(bare, MODULE) == MODULE


@pytest.mark.parametrize(
    ("platforms", "found"),
    [
        ([], None),
        (["linux/arm64"], None),
        (["linux/arm64", "linux/amd64"], 1),
        (["", "linux/amd64"], 0),
    ],
)
def test_child_of_an_index(platforms: list[str], found: int | None) -> None:
    entries = []
    for n, name in enumerate(platforms):
        system, _, machine = name.partition("/")
        entry = {"mediaType": oci.MANIFEST, "digest": f"sha256:{n:064}", "size": 1}
        entries.append(
            {**entry, "platform": {"os": system, "architecture": machine}} if name else entry
        )
    document = {"schemaVersion": 2, "manifests": entries}
    content = parse(json.dumps(document).encode(), oci.INDEX)
    assert isinstance(content, Index)
    assert child_of(content) == ("" if found is None else entries[found]["digest"])
