"""Digests and descriptors, against the OCI image specification's examples and coreutils."""

from __future__ import annotations

import subprocess

import pytest

from wasmkit.artifact.descriptor import Blob, Descriptor, check_content, digest_of
from wasmkit.errors import RegistryError

# OCI image-spec 1.1, "Guidance for an Empty Descriptor" (manifest.md): the content is {}.
EMPTY = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_the_specifications_empty_descriptor() -> None:
    blob = Blob.of(b"{}", "application/vnd.oci.empty.v1+json")
    assert blob.descriptor.as_json() == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": EMPTY,
        "size": 2,
    }
    assert blob.data == b"{}"


def test_an_artifact_type_stands_where_there_is_one() -> None:
    found = Descriptor("a/b", EMPTY, 2, "c/d").as_json()
    assert found == {"mediaType": "a/b", "digest": EMPTY, "size": 2, "artifactType": "c/d"}


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 99], ids=["none", "abc", "more"])
def test_digests_are_those_of_coreutils(algorithm: str, data: bytes) -> None:
    done = subprocess.run([f"{algorithm}sum"], input=data, capture_output=True, check=True)
    digest = f"{algorithm}:{done.stdout.split()[0].decode()}"
    assert digest_of(data, algorithm) == digest
    check_content(data, digest, "the layer")


def test_other_content_is_refused() -> None:
    why = f"^the manifest: the content has digest sha256:[0-9a-f]{{64}}, not {EMPTY}$"
    with pytest.raises(RegistryError, match=why):
        check_content(b"{ }", EMPTY, "the manifest")


def test_a_blob_shows_its_descriptor_only() -> None:
    assert "secret" not in repr(Blob.of(b"secret", "text/plain"))
