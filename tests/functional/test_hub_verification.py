"""What a hub measures and judges, on a real server with its worker, and what cannot stop it."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hub_folders import RELEASES, unpacked
from publications import publication_of
from registries import HTTP_CALL, KILLS, NO_ENVOY_HAS_IT, filter_module, registry, settle
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.image import Publication, build_image
from wasmkit.artifact.layer import compress, module_tar
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import Reference, parse_reference
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def hub(folder: Path, **settings: Any) -> Iterator[httpx.Client]:
    with (
        registry("hub", folder, **settings) as host,
        httpx.Client(base_url=f"http://{host}", timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with hub(tmp_path_factory.mktemp("hub")) as client:
        yield client


def publication(module: bytes, *, version: str = "1.0.0", **facts: Any) -> Publication:
    return publication_of(module, "hello", version, **facts)


def wait(http: httpx.Client) -> None:
    settle(http.base_url.netloc.decode())


def push(http: httpx.Client, repository: str, published: Publication, **settings: Any) -> str:
    reference = Reference(
        http.base_url.netloc.decode(), repository, published.document.filter.version
    )
    client = RegistryClient(reference)
    return push_publication(client, reference, published, **settings).image_digest


def state(http: httpx.Client, repository: str, reference: str = "1.0.0") -> dict[str, Any]:
    wait(http)
    answer: dict[str, Any] = http.get(f"/api/v1/filters/{repository}/versions/{reference}").json()
    return answer


def blob(http: httpx.Client, repository: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    answer = http.post(f"/v2/{repository}/blobs/uploads/?digest={digest}", content=content)
    assert answer.status_code == 201
    return {"digest": digest, "size": len(content)}


def put(
    http: httpx.Client,
    repository: str,
    reference: str,
    layers: list[tuple[str, bytes]],
    **fields: Any,
) -> httpx.Response:
    """Push a manifest with these layers, as another's client would."""
    document = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST,
        "config": {"mediaType": oci.CONFIG_IMAGE, **blob(http, repository, b"{}")},
        "layers": [
            {"mediaType": kind, **blob(http, repository, content)} for kind, content in layers
        ],
        **fields,
    }
    return http.put(
        f"/v2/{repository}/manifests/{reference}",
        json=document,
        headers={"Content-Type": document["mediaType"]},
    )


def refer(http: httpx.Client, repository: str, subject: str, kind: str, content: bytes) -> None:
    image = {"mediaType": oci.MANIFEST, "digest": subject, "size": 1}
    manifest = {"artifactType": kind, "subject": image}
    digest_of = hashlib.sha256(content).hexdigest()[:8]
    assert put(http, repository, f"r{digest_of}", [(kind, content)], **manifest).is_success


# ------------------------------------------------------------------ what is measured


def test_a_hidden_call_is_shown(http: httpx.Client) -> None:
    hidden = publication(filter_module(imports=HTTP_CALL), imports=["env.proxy_log"])
    digest = push(http, "team/sly", hidden)
    found = state(http, "team/sly")
    assert (found["state"], found["reasons"], found["digest"]) == ("served", [], digest)
    assert found["module"]["imports"] == ["env.proxy_http_call"]
    page = http.get("/filters/team/sly").text
    assert "Makes HTTP calls to other services" in page
    assert "reaches out" in page
    assert "proxy_log" not in page


def test_annotations_about_the_module_are_not_believed(http: httpx.Client) -> None:
    module = filter_module()
    lies = publication(module, kind="<b>http</b>")
    manifest = json.loads(build_image(lies).manifest.data)
    annotations = manifest["annotations"] | {
        oci.ANNOTATION_MODULE_SIZE: "7",
        oci.ANNOTATION_ABI: "9.9.9",
    }
    layer = (oci.LAYER_TAR_GZIP, compress(module_tar(module)))
    put(http, "team/lies", "1.0.0", [layer], annotations=annotations)
    assert state(http, "team/lies")["module"]["size"] == len(module)
    page = http.get("/filters/team/lies").text
    assert "9.9.9" not in page
    assert "<dd>0.2.1</dd>" in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    ("name", "media_type", "layers"),
    [
        ("oci", oci.MANIFEST, [(oci.LAYER_TAR_GZIP, compress(module_tar(filter_module())))]),
        (
            "docker",
            oci.MANIFEST_DOCKER,
            [(oci.LAYER_DOCKER_TAR_GZIP, compress(module_tar(filter_module())))],
        ),
        (
            "solo",
            oci.MANIFEST,
            [("application/json", b"{}"), (oci.LAYER_SOLO_WASM, filter_module())],
        ),
        ("cncf", oci.MANIFEST, [(oci.LAYER_WASM, filter_module())]),
    ],
)
def test_every_shape_is_listed(
    http: httpx.Client, name: str, media_type: str, layers: list[tuple[str, bytes]]
) -> None:
    repository = f"shapes/{name}"
    answer = put(http, repository, "1.0.0", layers, mediaType=media_type)
    assert answer.status_code == 201, answer.text
    assert state(http, repository)["state"] == "served"
    sha256 = hashlib.sha256(filter_module()).hexdigest()
    assert sha256 in http.get(f"/filters/{repository}").text
    assert f"/filters/{repository}" in http.get("/", params={"q": name}).text


def test_an_index_leads_to_the_child_that_a_mesh_takes(http: httpx.Client) -> None:
    put(http, "team/index", "child", [(oci.LAYER_WASM, filter_module())])
    child = http.head("/v2/team/index/manifests/child").headers["docker-content-digest"]
    http.delete("/v2/team/index/manifests/child")
    size = len(http.get(f"/v2/team/index/manifests/{child}").content)
    entry = {"mediaType": oci.MANIFEST, "digest": child, "size": size}
    index = {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [entry]}
    kind = {"Content-Type": oci.INDEX}
    assert http.put("/v2/team/index/manifests/2.0.0", json=index, headers=kind).is_success
    assert state(http, "team/index", "2.0.0")["digest"] == child
    assert child in http.get("/filters/team/index").text


# ------------------------------------------------------------------ verdicts


def one_layer(module: bytes, **annotations: str) -> tuple[list[tuple[str, bytes]], dict[str, Any]]:
    return [(oci.LAYER_TAR_GZIP, compress(module_tar(module)))], {
        "annotations": {oci.ANNOTATION_VARIANT: "compat", **annotations}
    }


LARGE_WASI = '(import "wasi_snapshot_preview1" "fd_sync" (func (param i32) (result i32)))'
"""Envoy has it since 1.39."""


@pytest.mark.parametrize(
    ("name", "imports", "lowest", "reason"),
    [
        ("none", NO_ENVOY_HAS_IT, "", "1.36 to 1.40 refuses it: Failed to load Wasm module due"),
        ("kills", KILLS, "", "dies of it"),
        ("kills-claimed", KILLS, "1.36", "dies of it"),
        ("old", LARGE_WASI, "1.36", "1.36, 1.37, 1.38 refuses it"),
        ("new", LARGE_WASI, "1.39", ""),
        ("some", LARGE_WASI, "", ""),
        ("future", KILLS, "9.9", "dies of it"),
        ("nonsense", NO_ENVOY_HAS_IT, "any", "refuses it"),
    ],
)
def test_verdict(http: httpx.Client, name: str, imports: str, lowest: str, reason: str) -> None:
    repository = f"verdict/{name}"
    claims = {oci.ANNOTATION_LOWEST_ENVOY: lowest} if lowest else {}
    layers, fields = one_layer(filter_module(imports=imports), **claims)
    assert put(http, repository, "1.0.0", layers, **fields).status_code == 201
    found = state(http, repository)
    assert found["state"] == ("blocked" if reason else "served"), found
    assert reason in " ".join(found["reasons"])


def test_what_is_blocked_is_not_offered(http: httpx.Client) -> None:
    put(http, "team/bad", "1.0.0", *_first(one_layer(filter_module(imports=NO_ENVOY_HAS_IT))))
    found = state(http, "team/bad")
    assert found["state"] == "blocked"
    for method in ("GET", "HEAD"):
        assert http.request(method, "/v2/team/bad/manifests/1.0.0").status_code == 404
    error = http.get("/v2/team/bad/manifests/1.0.0").json()["errors"][0]
    assert error["code"] == "MANIFEST_UNKNOWN"
    assert error["message"].startswith("1.0.0 is blocked: Envoy ")
    reference = parse_reference(f"{http.base_url.netloc.decode()}/team/bad")
    with pytest.raises(RegistryError, match=r"404: 1\.0\.0 is blocked: Envoy 1\.36 to 1\.40 "):
        RegistryClient(reference).manifest("1.0.0")
    assert http.get(f"/v2/team/bad/manifests/{found['digest']}").status_code == 200
    assert http.get("/v2/team/bad/tags/list").json()["tags"] == ["1.0.0"]
    page = http.get("/filters/team/bad").text
    assert "This version is blocked" in page
    assert "no_such_function" in page
    assert "<summary>Istio" not in page
    assert "wasmkit pull" not in page
    assert "blocked" in http.get("/", params={"q": "team/bad"}).text
    assert http.delete("/v2/team/bad/manifests/1.0.0").status_code == 202


def _first(parts: tuple[list[tuple[str, bytes]], dict[str, Any]]) -> Any:
    return (parts[0],)


def test_the_newest_that_is_served_is_shown(http: httpx.Client) -> None:
    push(http, "team/two", publication(filter_module("good")))
    bad = publication(filter_module(imports=NO_ENVOY_HAS_IT), version="2.0.0")
    push(http, "team/two", bad)
    assert state(http, "team/two", "2.0.0")["state"] == "blocked"
    page = http.get("/filters/team/two").text
    assert "This version is blocked" not in page
    assert '<span class="must">blocked</span>' in page  # in the table of versions
    assert "This version is blocked" in http.get("/filters/team/two?version=2.0.0").text
    # A version that nobody could pull may be replaced without force.
    push(http, "team/two", publication(filter_module("better"), version="2.0.0"))
    assert state(http, "team/two", "2.0.0")["state"] == "served"
    assert "not the newest" in http.get("/filters/team/two?version=1.0.0").text


def test_a_hub_can_serve_what_it_blocks(tmp_path: Path) -> None:
    with hub(tmp_path, serve_blocked=True) as http:
        push(http, "bad", publication(filter_module(imports=NO_ENVOY_HAS_IT)))
        assert state(http, "bad")["state"] == "blocked"
        assert http.get("/v2/bad/manifests/1.0.0").status_code == 200
        assert "This version is blocked" in http.get("/filters/bad").text


def test_an_annotation_with_another_sha256_blocks(http: httpx.Client) -> None:
    module = filter_module()
    layers, fields = one_layer(module, **{oci.ANNOTATION_MODULE_SHA256: "0" * 64})
    assert put(http, "team/liar", "1.0.0", layers, **fields).status_code == 201
    found = state(http, "team/liar")
    assert found["state"] == "blocked"
    assert hashlib.sha256(module).hexdigest() in found["reasons"][0]


def _bomb(size: int) -> bytes:
    other = tarfile.TarInfo("other.wasm")
    other.size = size
    return gzip.compress(other.tobuf() + bytes(size), 1)


@pytest.mark.parametrize(
    ("name", "layer", "why"),
    [
        ("gzip", b"this is not gzip", "not.*gzip|not an intact gzip"),
        ("empty", b"", "ends too early"),
        ("bomb", _bomb(100 << 20), "ends too early"),
        ("text", compress(module_tar(b"(module)")), "not a core WebAssembly module"),
        ("component", compress(module_tar(b"\0asm\x0d\0\1\0")), "not a core WebAssembly module"),
        ("broken", compress(module_tar(b"\0asm\1\0\0\0\x01\x7f")), "its module is broken"),
    ],
)
def test_what_says_it_is_a_filter_and_is_none(
    http: httpx.Client, name: str, layer: bytes, why: str
) -> None:
    annotations = {oci.ANNOTATION_VARIANT: "compat"}
    repository = f"odd/{name}"
    put(http, repository, "1", [(oci.LAYER_TAR_GZIP, layer)], annotations=annotations)
    found = state(http, repository, "1")
    assert found["state"] == "blocked"
    assert re.search(why, found["reasons"][0]), found
    assert http.get(f"/filters/{repository}").status_code == 200


def test_what_takes_too_long_could_not_be_measured(tmp_path: Path) -> None:
    bomb = filter_module() + _custom_section(200 << 20)
    with hub(tmp_path, child_memory=256 << 20, child_seconds=5.0) as http:
        put(http, "bomb", "1", [(oci.LAYER_TAR_GZIP, compress(module_tar(bomb)))])
        put(http, "good", "1", [(oci.LAYER_WASM, filter_module())])
        found = state(http, "good", "1")
        assert found["state"] == "served"
        assert http.get("/filters/bomb").status_code == 404  # nobody knows that it is a filter
        push(http, "bomb", publication(bomb))
        found = state(http, "bomb")
        assert found["state"] == "blocked"
        assert found["reasons"][0].startswith("could not be measured: it needs more memory")
        jobs = http.get("/api/v1/jobs").json()
        assert jobs["dead"] == len(jobs["given_up"]) >= 1


def _custom_section(size: int) -> bytes:
    def leb(number: int) -> bytes:
        digits = bytearray()
        while number > 0x7F:
            digits.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes([*digits, number])

    return b"\0" + leb(size + 2) + b"\1x" + bytes(size)


# ------------------------------------------------------------------ what comes later


def test_papers_that_come_later_and_change(http: httpx.Client) -> None:
    digest = push(http, "team/later", publication(filter_module("later")))
    wait(http)
    assert "Read me" not in http.get("/filters/team/later").text
    for text in (b"# hello\n\nSays *one*.", b"# Other\n\nSays *two*."):
        refer(http, "team/later", digest, oci.TYPE_README, text)
        wait(http)
        page = http.get("/filters/team/later").text
        assert f"<em>{text[-5:-2].decode()}</em>" in page
    assert "<h3>Other</h3>" in page
    refer(http, "team/later", digest, oci.TYPE_CONFIG_SCHEMA, b'{"properties": {"a": {}}}')
    wait(http)
    assert "<code>a</code>" in http.get("/filters/team/later").text


def test_a_paper_that_is_too_long_says_so(http: httpx.Client) -> None:
    digest = push(http, "team/long", publication(filter_module("long")))
    refer(http, "team/long", digest, oci.TYPE_README, b"x" * (256 * 1024 + 1))
    refer(http, "team/long", digest, oci.TYPE_CONFIG_SCHEMA, b" " * (256 * 1024 + 1))
    wait(http)
    page = http.get("/filters/team/long").text
    assert page.count("cannot be shown: it is longer than 256 KiB") == 2


def test_a_document_speaks_for_the_author(http: httpx.Client) -> None:
    digest = push(http, "team/spoken", publication(filter_module("doc", imports=LARGE_WASI)))
    assert state(http, "team/spoken")["state"] == "served"
    document = {
        "version": 1,
        "filter": {
            "name": "Spoken",
            "version": "1.0.0",
            "license": "MIT",
            "authors": ["A", "B"],
            "lowest_envoy": "1.37",
        },
        "config": {"schema": None, "example": {"greeting": "ahoy"}},
        "module": {"sha256": "0" * 64, "capabilities": [], "size": 1},
    }
    refer(http, "team/spoken", digest, oci.TYPE_DOCUMENT, json.dumps(document).encode())
    found = state(http, "team/spoken")
    assert found["state"] == "blocked"  # 1.37 refuses what the first claim did not name
    page = http.get("/filters/team/spoken").text
    assert "<h1>Spoken" in page
    assert "<dd>A, B</dd>" in page
    document["filter"] = {"name": "Spoken", "version": "1.0.0", "lowest_envoy": "1.39"}
    refer(http, "team/spoken", digest, oci.TYPE_DOCUMENT, json.dumps(document).encode())
    assert state(http, "team/spoken")["state"] == "served"
    assert "ahoy" in http.get("/filters/team/spoken").text


def test_a_deleted_image_is_forgotten(http: httpx.Client) -> None:
    digest = push(http, "team/gone", publication(filter_module("gone")))
    assert http.delete(f"/v2/team/gone/manifests/{digest}").status_code == 202
    wait(http)
    assert http.get("/filters/team/gone").status_code == 404
    assert http.get("/api/v1/filters/team/gone/versions/1.0.0").status_code == 404
    push(http, "team/gone", publication(filter_module("gone")))
    assert state(http, "team/gone")["state"] == "served"


@pytest.mark.parametrize("release", RELEASES)
def test_everything_of_an_earlier_hub_is_there(tmp_path: Path, release: str) -> None:
    unpacked(release, tmp_path).rename(tmp_path / "hub")
    with hub(tmp_path) as http:
        listed = http.get("/").text
        for repository in ("gallery/security-headers", "demo/tiny", "demo/sly"):
            assert f"/filters/{repository}" in listed
            assert http.get(f"/filters/{repository}").status_code == 200
        wait(http)
        assert "/filters/other/bare" in http.get("/").text  # new: it has no annotations
        page = http.get("/filters/gallery/security-headers").text
        assert '<div class="prose">' in page
        assert "content_security_policy" in page
        assert "reaches out" in http.get("/filters/demo/sly").text
        assert ">0.1.0</a>" in http.get("/filters/demo/tiny").text
        for place in (
            "demo/sly/manifests/1.0.0",
            "other/bare/manifests/all",
            "other/text/manifests/latest",
        ):
            assert http.get(f"/v2/{place}").status_code == 200
        index = http.get("/v2/other/bare/manifests/all").json()
        assert http.get(f"/v2/other/bare/manifests/{index['manifests'][0]['digest']}").is_success
