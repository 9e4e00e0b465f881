"""Manifests (distribution-spec 1.1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from distribution_api import EMPTY, NONE, code_of, digest_of, manifest, push_manifest
from wasmkit.artifact.media_types import INDEX, MANIFEST

if TYPE_CHECKING:
    import httpx


def test_manifest(http: httpx.Client) -> None:
    content = manifest(odd="  kept  ", annotations={"ä": "ö"}) + b"\n \n"
    pushed = push_manifest(http, "m", "1.0", content)
    assert pushed.status_code == 201, pushed.text
    digest = digest_of(content)
    assert pushed.headers["docker-content-digest"] == digest
    for reference in ("1.0", digest):
        got = http.get(f"/v2/m/manifests/{reference}")
        assert (got.content, got.headers["content-type"]) == (content, MANIFEST)
        head = http.head(f"/v2/m/manifests/{reference}")
        assert head.headers["content-length"] == str(len(content))
        assert head.headers["docker-content-digest"] == digest


def test_manifest_by_sha512(http: httpx.Client) -> None:
    content = manifest(odd="512")
    digest = digest_of(content, "sha512")
    assert push_manifest(http, "m", digest, content).status_code == 201
    assert http.get(f"/v2/m/manifests/{digest}").headers["docker-content-digest"] == digest


def test_index(http: httpx.Client) -> None:
    child = manifest(odd="child")
    entry = {"mediaType": MANIFEST, "digest": digest_of(child), "size": len(child)}
    content = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    assert code_of(push_manifest(http, "index", "x", content, INDEX)) == "MANIFEST_BLOB_UNKNOWN"
    assert push_manifest(http, "index", digest_of(child), child).status_code == 201
    assert push_manifest(http, "index", "x", content, INDEX).status_code == 201
    empty = b'{"schemaVersion": 2, "manifests": []}'
    assert push_manifest(http, "index", "empty", empty, INDEX).status_code == 201


LAYER = {"mediaType": "application/x", "digest": NONE, "size": 1}
DISTANT = {**LAYER, "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}


@pytest.mark.parametrize(
    ("reference", "content", "status", "code"),
    [
        ("t", b"{", 400, "MANIFEST_INVALID"),
        ("-t", manifest(), 400, "MANIFEST_INVALID"),
        ("t" * 129, manifest(), 400, "MANIFEST_INVALID"),
        (NONE, manifest(), 400, "DIGEST_INVALID"),
        ("sha256:baddigeststring", manifest(), 400, "DIGEST_INVALID"),
        ("t", manifest(layers=[LAYER]), 404, "MANIFEST_BLOB_UNKNOWN"),
        ("t", manifest(layers=[{**LAYER, "digest": digest_of(EMPTY)}]), 400, "MANIFEST_INVALID"),
        ("t", manifest(odd="x" * 4_200_000), 413, "SIZE_INVALID"),
    ],
    ids=["json", "tag", "long tag", "other", "bad digest", "no blob", "blob size", "too large"],
)
def test_refused_manifest(
    http: httpx.Client, reference: str, content: bytes, status: int, code: str
) -> None:
    answer = push_manifest(http, "refused", reference, content)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert http.get("/v2/refused/tags/list").json()["tags"] == []


def test_nondistributable_layers_stay_away(http: httpx.Client) -> None:
    assert push_manifest(http, "far", "t", manifest(layers=[DISTANT])).status_code == 201


def test_delete(http: httpx.Client) -> None:
    content = manifest(odd="delete")
    digest = digest_of(content)
    for tag in ("a", "b", "c"):
        push_manifest(http, "del", tag, content)
    assert http.delete("/v2/del/manifests/a").status_code == 202
    assert http.get("/v2/del/manifests/a").status_code == 404
    assert http.get("/v2/del/tags/list").json()["tags"] == ["b", "c"]
    assert http.delete(f"/v2/del/manifests/{digest}").status_code == 202
    assert http.get("/v2/del/tags/list").json()["tags"] == []
    assert code_of(http.delete(f"/v2/del/manifests/{digest}")) == "MANIFEST_UNKNOWN"
    assert code_of(http.delete(f"/v2/del/blobs/{digest_of(EMPTY)}")) == "UNSUPPORTED"
