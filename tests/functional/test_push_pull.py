"""``wasmkit push`` and ``wasmkit pull`` as commands, against real registries."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from publications import publication_of
from registries import REGISTRIES, filter_module, registry
from toolneeds import need_module
from wasmkit.artifact import layer
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.push import TagTakenError, push_publication
from wasmkit.artifact.reference import parse_reference
from wasmkit.cli.main import run
from wasmkit.inspection import inspect_module
from wasmkit.project import load_project
from wasmkit.project.document import FilterDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.artifact.image import Publication

GALLERY = Path(__file__).resolve().parents[2] / "filters"
MODULE = filter_module()
HTPASSWD = "jo:$2y$05$hkFSaaO994RKosf.2RzAeudJoSGYdf5.yl9yELapZw4FhSXXQ9QhC\n"
"""jo, secret-word (bcrypt)"""
SHA256 = hashlib.sha256(MODULE).hexdigest()


@pytest.fixture(scope="module", params=REGISTRIES)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kind: str = request.param
    with registry(kind, tmp_path_factory.mktemp(kind)) as address:
        yield address


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hello.wasm"
    path.write_bytes(MODULE)
    return path


def manifest_of(host: str, repository: str, target: str) -> dict[str, Any]:
    accept = {"Accept": f"{oci.MANIFEST}, {oci.INDEX}"}
    reply = requests.get(
        f"http://{host}/v2/{repository}/manifests/{target}", headers=accept, timeout=10
    )
    reply.raise_for_status()
    document: dict[str, Any] = reply.json()
    return document


def publication(readme: bytes = b"# Hello\n") -> Publication:
    schema = b'{"type": "object"}'
    return publication_of(MODULE, readme=readme, schema=schema, description="Says hello.")


def test_what_was_pushed_is_pulled(
    host: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"{host}/team/way:0.1.0"
    assert run(["push", str(file), place]) == 0
    printed = capsys.readouterr().out
    assert "image digest   sha256:" in printed
    assert f"module sha256  {SHA256}" in printed

    target = tmp_path / "back.wasm"
    assert run(["pull", place, "-o", str(target), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert target.read_bytes() == MODULE
    assert result["module_sha256"] == SHA256
    assert result["image_digest"] in printed
    assert [part.name for part in tmp_path.iterdir() if part.name.startswith(".")] == []


def test_pull_by_digest(host: str, file: Path, tmp_path: Path) -> None:
    place = f"{host}/team/digest"
    reference = parse_reference(f"{place}:0.1.0")
    pushed = push_publication(RegistryClient(reference), reference, publication())
    target = tmp_path / "back.wasm"
    assert run(["pull", f"{place}@{pushed.image_digest}", "-o", str(target)]) == 0
    assert target.read_bytes() == file.read_bytes()


def test_an_existing_file_is_kept(
    host: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"{host}/team/keep:0.1.0"
    assert run(["push", str(file), place]) == 0
    file.write_bytes(b"mine")
    assert run(["pull", place, "-o", str(file)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert file.read_bytes() == b"mine"
    assert run(["pull", place, "-o", str(file), "--force"]) == 0
    assert file.read_bytes() == MODULE


def test_a_second_push_changes_nothing(
    host: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"{host}/team/twice:0.1.0"
    assert run(["push", str(file), place, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert run(["push", str(file), place, "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert (first.pop("already_there"), second.pop("already_there")) == (False, True)
    assert first == second
    assert run(["push", str(file), place]) == 0
    assert "already there" in capsys.readouterr().out


def test_a_version_does_not_change_unless_forced(
    host: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"{host}/team/fixed:0.1.0"
    assert run(["push", str(file), place]) == 0
    file.write_bytes(filter_module("other"))
    assert run(["push", str(file), place]) == 2
    error = capsys.readouterr().err
    assert "exists with other content" in error
    assert "--force" in error
    assert run(["push", str(file), place, "--force"]) == 0


def test_another_zlib_does_not_make_another_filter(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = parse_reference(f"{host}/team/zlib:0.1.0")
    client = RegistryClient(reference)
    with monkeypatch.context() as patch:
        patch.setattr(layer, "_LEVEL", 0)
        first = push_publication(client, reference, publication())
    second = push_publication(client, reference, publication())
    assert second.already_there
    assert second.image_digest == first.image_digest
    other = publication_of(MODULE, description="Says more.")
    with pytest.raises(TagTakenError):
        push_publication(client, reference, other)


def test_a_moving_tag_moves(host: str, file: Path) -> None:
    place = f"{host}/team/moves:latest"
    assert run(["push", str(file), place]) == 0
    file.write_bytes(filter_module("other"))
    assert run(["push", str(file), place]) == 0


def test_referrers_are_found_by_the_api_or_by_the_tag(host: str) -> None:
    reference = parse_reference(f"{host}/team/referrers:0.1.0")
    pushed = push_publication(RegistryClient(reference), reference, publication())
    api = requests.get(
        f"http://{host}/v2/team/referrers/referrers/{pushed.image_digest}", timeout=10
    )
    if api.status_code == 200:
        index: dict[str, Any] = api.json()
    else:
        index = manifest_of(host, "team/referrers", pushed.image_digest.replace(":", "-"))
    assert index["mediaType"] == oci.INDEX
    by_type = {entry["artifactType"]: entry for entry in index["manifests"]}
    assert set(by_type) == {
        oci.TYPE_MODULE,
        oci.TYPE_DOCUMENT,
        oci.TYPE_README,
        oci.TYPE_CONFIG_SCHEMA,
    }
    for entry in by_type.values():
        manifest = manifest_of(host, "team/referrers", entry["digest"])
        assert manifest["subject"]["digest"] == pushed.image_digest
    module = manifest_of(host, "team/referrers", by_type[oci.TYPE_MODULE]["digest"])
    raw = requests.get(
        f"http://{host}/v2/team/referrers/blobs/sha256:{pushed.module_sha256}", timeout=10
    )
    assert module["layers"][0]["digest"] == f"sha256:{pushed.module_sha256}"
    assert raw.content == MODULE


def test_a_new_readme_joins_the_referrers(host: str) -> None:
    reference = parse_reference(f"{host}/team/readme:0.1.0")
    client = RegistryClient(reference)
    first = push_publication(client, reference, publication())
    second = push_publication(client, reference, publication(readme=b"# Better\n"))
    assert second.already_there
    assert first.image_digest == second.image_digest
    found = client.find_manifest(first.image_digest.replace(":", "-"))
    if found is not None:  # the registry has no referrers API
        digests = [entry.descriptor.digest for entry in found.content.manifests]  # type: ignore[union-attr]  # the tag's schema says index
        assert len(digests) == len(set(digests)) == 5


def test_the_bare_module_is_pulled_too(host: str, tmp_path: Path) -> None:
    reference = parse_reference(f"{host}/team/bare:0.1.0")
    pushed = push_publication(RegistryClient(reference), reference, publication())
    module = requests.get(f"http://{host}/v2/team/bare/referrers/{pushed.image_digest}", timeout=10)
    tag = pushed.image_digest.replace(":", "-")
    index = module.json() if module.ok else manifest_of(host, "team/bare", tag)
    digest = next(e["digest"] for e in index["manifests"] if e["artifactType"] == oci.TYPE_MODULE)
    target = tmp_path / "bare.wasm"
    assert run(["pull", f"{host}/team/bare@{digest}", "-o", str(target)]) == 0
    assert target.read_bytes() == MODULE


@pytest.mark.parametrize("verb", ["push", "pull"])
def test_a_missing_thing_is_named(
    host: str, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"{host}/team/absent:9.9.9"
    missing = tmp_path / "absent.wasm"
    arguments = {"push": [str(missing), place], "pull": [place, "-o", str(missing)]}
    assert run([verb, *arguments[verb]]) == {"push": 2, "pull": 4}[verb]
    error = capsys.readouterr().err
    assert {"push": str(missing), "pull": "team/absent:9.9.9"}[verb] in error
    assert "404" in error or verb == "push"


def test_two_processes_make_the_same_image(tmp_path: Path) -> None:
    file = tmp_path / "hello.wasm"
    file.write_bytes(filter_module("same", 70_000))
    script = (
        "import sys, pathlib\n"
        "from wasmkit.artifact.image import build_image, build_referrers\n"
        "from wasmkit.artifact.publication import publication_of_file\n"
        "p = publication_of_file(pathlib.Path(sys.argv[1]), name='hello', version='0.1.0')\n"
        "image = build_image(p)\n"
        "print(image.descriptor, [r.descriptor for r in build_referrers(p, image.descriptor)])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(file)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(outputs) == 1
    assert "sha256:" in outputs.pop()


def test_a_project_goes_with_readme_and_schema(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    need_module("componentize_py")
    place = f"{host}/gallery/security-headers"
    assert run(["push", str(GALLERY / "security-headers"), place, "--json"]) == 0
    pushed = json.loads(capsys.readouterr().out)
    project = load_project(GALLERY / "security-headers")
    assert pushed["reference"] == f"{place}:{project.version}"
    manifest = manifest_of(host, "gallery/security-headers", project.version)
    annotations = manifest["annotations"]
    assert annotations[oci.ANNOTATION_TITLE] == project.name
    assert annotations[oci.ANNOTATION_ROOT_ID] == project.root_id
    assert annotations[oci.ANNOTATION_LANGUAGE] == "python"
    assert annotations[oci.ANNOTATION_MODULE_SHA256] == pushed["module_sha256"]
    assert "proxy_log" in annotations[oci.ANNOTATION_CAPABILITIES].split(",")
    assert project.readme is not None
    assert project.config.schema is not None
    blob = requests.get(
        f"http://{host}/v2/gallery/security-headers/blobs/sha256:{pushed['module_sha256']}",
        timeout=10,
    )
    document = FilterDocument.of_project(project, inspect_module(blob.content))
    papers = (project.readme, project.config.schema)
    for text in (*(paper.read_bytes() for paper in papers), document.to_bytes()):
        digest = hashlib.sha256(text).hexdigest()
        url = f"http://{host}/v2/gallery/security-headers/blobs/sha256:{digest}"
        assert requests.get(url, timeout=10).content == text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["a", "b", "h.io/c"], "at most a PATH and a REF"),
        (["x.wasm", "h.io/a"], "x.wasm: not found"),
        (["there.wasm", "h.io/a"], "needs a version"),
        ([".", "h.io/a:1.0.0", "--name", "b"], "in its wasmkit.toml"),
        (["."], "registry's host"),
        (["x.wasm", "h.io/a:1.0.0", "--version", "2.0.0"], "x.wasm"),
        (["x.wasm", "h.io/A:1.0.0"], "lower case"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_command_line_is_explained(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.wasm").touch()
    assert run(["push", *arguments]) == 2
    assert why in capsys.readouterr().err


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[str]:
    """A docker-registry that wants the login jo:secret-word."""
    passwords = tmp_path / "htpasswd"
    passwords.write_text(HTPASSWD)
    with registry("debian", tmp_path, htpasswd=passwords) as address:
        yield address


@pytest.mark.parametrize(("password", "code"), [("secret-word", 0), ("wrong-word", 4), (None, 4)])
def test_credentials_come_from_dockers_configuration(
    *,
    locked: str,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    password: str | None,
    code: int,
) -> None:
    auths = {}
    if password is not None:
        auths[locked] = {"auth": base64.b64encode(f"jo:{password}".encode()).decode()}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert run(["push", str(file), f"{locked}/team/locked:0.1.0"]) == code
    captured = capsys.readouterr()
    assert ("docker login" in captured.err) == (code == 4)
    assert "word" not in captured.err + captured.out
