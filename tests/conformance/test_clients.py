"""Second opinions: other people's clients take what we push, and we take what they push.

skopeo (containers/image), crane (go-containerregistry, the library in Istio and Envoy Gateway)
and plain oras-py, each against each registry.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oras.client
import pytest

from publications import publication_of
from registries import REGISTRIES, filter_module, registry
from toolneeds import need_program
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.image import Artifact, build_image, build_referrers
from wasmkit.artifact.pull import pull_module
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = filter_module("conformance", 100_000)
PUBLICATION = publication_of(
    MODULE,
    description="Grüße.",
    license="Apache-2.0",
    readme=b"# Hello\n",
    schema=b'{"type": "object"}',
)
IMAGE = build_image(PUBLICATION)
MODULE_REFERRER = build_referrers(PUBLICATION, IMAGE.descriptor)[0]


@dataclass(frozen=True)
class Place:
    kind: str
    host: str

    @property
    def repository(self) -> str:
        return f"{self.host}/team/hello"


@pytest.fixture(scope="module", params=REGISTRIES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A registry that holds ``PUBLICATION`` as team/hello:0.1.0."""
    kind: str = request.param
    with registry(kind, tmp_path_factory.mktemp(kind)) as host:
        reference = parse_reference(f"{host}/team/hello:0.1.0")
        pushed = push_publication(RegistryClient(reference), reference, PUBLICATION)
        assert pushed.image_digest == IMAGE.descriptor.digest
        yield Place(kind, host)


def out(program: str, *arguments: str | Path) -> bytes:
    """Run a client and return what it prints."""
    done = subprocess.run(
        [need_program(program), *arguments], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def module_in(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (member,) = tar.getmembers()
        assert member.name == "plugin.wasm"
        content = tar.extractfile(member)
        assert content is not None
        return content.read()


def pulled(reference: str) -> bytes:
    parsed = parse_reference(reference)
    return pull_module(RegistryClient(parsed), parsed).module


def blob_name(digest: str) -> str:
    return digest.removeprefix("sha256:")


def test_skopeo_copies_every_byte(place: Place, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    source = f"docker://{place.repository}:0.1.0"
    out("skopeo", "copy", "--src-tls-verify=false", source, f"dir:{target}")
    assert (target / "manifest.json").read_bytes() == IMAGE.manifest.data
    for blob in IMAGE.blobs:
        assert (target / blob_name(blob.descriptor.digest)).read_bytes() == blob.data
    assert module_in((target / blob_name(IMAGE.blobs[1].descriptor.digest)).read_bytes()) == MODULE


def test_skopeo_inspects_the_image(place: Place) -> None:
    facts = json.loads(
        out("skopeo", "inspect", "--tls-verify=false", f"docker://{place.repository}:0.1.0")
    )
    assert facts["Digest"] == IMAGE.descriptor.digest
    assert (facts["Os"], facts["Architecture"]) == ("linux", "amd64")
    assert "0.1.0" in facts["RepoTags"]


def test_crane_finds_the_image_valid(place: Place) -> None:
    # Checks sizes, digests, diff_ids and the config against the layers.
    assert b"PASS" in out("crane", "validate", "--remote", f"{place.repository}:0.1.0")


def test_crane_gets_the_same_bytes(place: Place) -> None:
    tagged = f"{place.repository}:0.1.0"
    assert out("crane", "manifest", tagged) == IMAGE.manifest.data
    assert out("crane", "digest", tagged).decode().strip() == IMAGE.descriptor.digest
    config, layer = IMAGE.blobs
    assert out("crane", "config", tagged) == config.data
    assert out("crane", "blob", f"{place.repository}@{layer.descriptor.digest}") == layer.data
    assert module_in(out("crane", "export", tagged, "-")) == MODULE


def test_the_module_is_a_blob_under_its_own_sha256(place: Place) -> None:
    digest = "sha256:" + hashlib.sha256(MODULE).hexdigest()
    assert out("crane", "blob", f"{place.repository}@{digest}") == MODULE


def test_oras_pulls_the_image_and_the_bare_module(place: Place, tmp_path: Path) -> None:
    client = oras.client.OrasClient(insecure=True)
    # oras-py unpacks a tar+gzip layer where it saves the others.
    client.pull(target=f"{place.repository}:0.1.0", outdir=str(tmp_path / "image"))
    assert (tmp_path / "image" / "plugin.wasm").read_bytes() == MODULE
    bare = f"{place.repository}@{MODULE_REFERRER.descriptor.digest}"
    (module,) = client.pull(target=bare, outdir=str(tmp_path / "bare"))
    assert (tmp_path / "bare" / "plugin.wasm").samefile(module)
    assert (tmp_path / "bare" / "plugin.wasm").read_bytes() == MODULE


def test_the_tag_schema_lists_the_referrers_where_the_api_does_not(place: Place) -> None:
    tag = IMAGE.descriptor.digest.replace(":", "-")
    tags = out("crane", "ls", place.repository).decode().split()
    assert (tag in tags) == (place.kind != "hub")
    if tag in tags:
        index = json.loads(out("crane", "manifest", f"{place.repository}:{tag}"))
        kinds = [entry["artifactType"] for entry in index["manifests"]]
        assert sorted(kinds) == sorted(
            [oci.TYPE_MODULE, oci.TYPE_DOCUMENT, oci.TYPE_README, oci.TYPE_CONFIG_SCHEMA]
        )


def test_an_image_that_crane_built_is_pulled(place: Place, tmp_path: Path) -> None:
    # crane append makes a Docker schema 2 image of a tar file; an index on top is an OCI index.
    archive = tmp_path / "layer.tar"
    (tmp_path / "plugin.wasm").write_bytes(MODULE)
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "plugin.wasm", "usr/plugin.wasm")
    tagged = f"{place.host}/crane/built:1"
    out("crane", "append", "--oci-empty-base", "-f", archive, "-t", tagged)
    assert pulled(tagged) == MODULE
    out("crane", "append", "-f", archive, "-t", f"{tagged}-docker")
    assert pulled(f"{tagged}-docker") == MODULE
    out("crane", "index", "append", "-m", tagged, "-t", f"{tagged}-index")
    assert pulled(f"{tagged}-index") == MODULE


def test_an_image_that_skopeo_copied_is_pulled(place: Place) -> None:
    source, target = (f"docker://{place.repository}:{tag}" for tag in ("0.1.0", "copied"))
    flags = ("--src-tls-verify=false", "--dest-tls-verify=false", "--format=v2s2")
    out("skopeo", "copy", *flags, source, target)
    manifest = json.loads(out("crane", "manifest", f"{place.repository}:copied"))
    assert manifest["mediaType"] == oci.MANIFEST_DOCKER
    assert pulled(f"{place.repository}:copied") == MODULE


def push_with_oras(target: str, folder: Path, files: dict[str, str]) -> None:
    """Push files (name: media type) as oras-py does."""
    (folder / "plugin.wasm").write_bytes(MODULE)
    (folder / "config.json").write_text("{}")
    client = oras.client.OrasClient(insecure=True)
    client.push(
        target=target,
        files=[f"{folder / name}:{kind}" for name, kind in files.items()],
        disable_path_validation=True,
        quiet=True,
    )


@pytest.mark.parametrize(
    "files",
    [
        {"plugin.wasm": oci.LAYER_WASM},
        {
            "config.json": "application/vnd.module.wasm.config.v1+json",
            "plugin.wasm": oci.LAYER_SOLO_WASM,
        },
        {
            "plugin.wasm": oci.LAYER_SOLO_WASM,
            "config.json": "application/vnd.module.wasm.config.v1+json",
        },
    ],
    ids=["cncf", "solo", "solo-other-order"],
)
def test_artifacts_that_oras_pushed_are_pulled(
    place: Place, tmp_path: Path, files: dict[str, str]
) -> None:
    target = f"{place.host}/oras/made:1"
    push_with_oras(target, tmp_path, files)
    assert pulled(target) == MODULE


def document(artifact: Artifact) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(artifact.manifest.data)
    return value


def test_the_manifests_fit_the_schema_that_oras_holds() -> None:
    import jsonschema  # noqa: PLC0415 - one test's need
    import oras.schemas  # noqa: PLC0415 - one test's need

    validator = jsonschema.Draft7Validator(oras.schemas.manifest)
    for artifact in (IMAGE, *build_referrers(PUBLICATION, IMAGE.descriptor)):
        assert list(validator.iter_errors(document(artifact))) == []
