"""Clients by others push to the hub and pull from it, byte for byte."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import httpx
import oras.client
import pytest

from publications import publication_of
from registries import filter_module, registry
from toolneeds import need_program
from wasmkit.artifact.image import build_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wasmkit.artifact.image import Artifact


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry("hub", tmp_path_factory.mktemp("hub")) as served:
        yield served


@pytest.fixture(scope="module")
def image() -> Artifact:
    return build_image(publication_of(filter_module("x", 5000), "hello", "1.0.0"))


def run(*arguments: str | Path) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def layout(folder: Path, image: Artifact) -> Path:
    """Write the image as an OCI image layout (image-spec 1.1, image-layout.md)."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in (image.manifest, *image.blobs):
        (blobs / blob.descriptor.digest.removeprefix("sha256:")).write_bytes(blob.data)
    entry = {
        "mediaType": image.descriptor.media_type,
        "digest": image.descriptor.digest,
        "size": image.descriptor.size,
        "annotations": {"org.opencontainers.image.ref.name": "x"},
    }
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def check_pushed(host: str, repository: str, image: Artifact) -> None:
    got = httpx.get(f"http://{host}/v2/{repository}/manifests/1.0.0")
    assert got.content == image.manifest.data
    assert httpx.get(f"http://{host}/filters/{repository}").status_code == 200


def check_layout(folder: Path, image: Artifact) -> None:
    for blob in (image.manifest, *image.blobs):
        name = blob.descriptor.digest.removeprefix("sha256:")
        assert (folder / "blobs" / "sha256" / name).read_bytes() == blob.data


def test_skopeo(host: str, image: Artifact, tmp_path: Path) -> None:
    skopeo = need_program("skopeo")
    source = layout(tmp_path / "in", image)
    reference = f"docker://{host}/skopeo/hello:1.0.0"
    run(
        skopeo, "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{source}:x", reference
    )
    check_pushed(host, "skopeo/hello", image)
    target = tmp_path / "out"
    run(skopeo, "--insecure-policy", "copy", "--src-tls-verify=false", reference, f"oci:{target}:x")
    check_layout(target, image)
    listed = json.loads(
        run(skopeo, "list-tags", "--tls-verify=false", f"docker://{host}/skopeo/hello")
    )
    assert listed["Tags"] == ["1.0.0"]
    run(skopeo, "delete", "--tls-verify=false", reference)
    assert httpx.get(f"http://{host}/filters/skopeo/hello").status_code == 404


def test_crane(host: str, image: Artifact, tmp_path: Path) -> None:
    crane = need_program("crane")
    source = layout(tmp_path / "in", image)
    reference = f"{host}/crane/hello:1.0.0"
    run(crane, "push", source, reference)
    check_pushed(host, "crane/hello", image)
    run(crane, "validate", "--remote", reference)
    assert run(crane, "digest", reference).strip() == image.descriptor.digest
    assert run(crane, "ls", f"{host}/crane/hello").split() == ["1.0.0"]
    run(crane, "pull", "--format=oci", reference, tmp_path / "out")
    check_layout(tmp_path / "out", image)
    run(crane, "copy", reference, f"{host}/crane/copy:1.0.0")  # mounts the blobs
    check_pushed(host, "crane/copy", image)
    run(crane, "tag", reference, "stable")
    assert run(crane, "ls", f"{host}/crane/hello").split() == ["1.0.0", "stable"]


def test_oras_py(host: str, tmp_path: Path) -> None:
    file = tmp_path / "plugin.wasm"
    file.write_bytes(filter_module("oras", 3_000_000))
    client = oras.client.OrasClient(hostname=host, insecure=True)
    reference = f"{host}/oras/hello:1.0.0"
    answer = client.push(
        target=reference,
        files=[f"{file}:application/wasm"],
        disable_path_validation=True,
        do_chunked=True,
    )
    assert answer.status_code == 201
    (pulled,) = client.pull(target=reference, outdir=str(tmp_path / "out"))
    with open(pulled, "rb") as got:  # noqa: PTH123  oras gives a text
        assert hashlib.sha256(got.read()).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert client.get_tags(f"{host}/oras/hello") == ["1.0.0"]
