"""Requests of the distribution API as its tests make them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from wasmkit.artifact.media_types import MANIFEST

if TYPE_CHECKING:
    import httpx

__all__ = ["EMPTY", "NONE", "code_of", "digest_of", "manifest", "push_blob", "push_manifest"]

EMPTY = b"{}"
NONE = "sha256:" + "0" * 64


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def push_blob(http: httpx.Client, repository: str, content: bytes) -> str:
    digest = digest_of(content)
    answer = http.post(f"/v2/{repository}/blobs/uploads/?digest={digest}", content=content)
    assert answer.status_code == 201, answer.text
    return digest


def manifest(**change: Any) -> bytes:
    config = {"mediaType": "application/vnd.oci.empty.v1+json"}
    config |= {"digest": digest_of(EMPTY), "size": 2}  # type: ignore[dict-item]  # JSON
    data = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [], **change}
    return json.dumps(data).encode()


def push_manifest(
    http: httpx.Client, repository: str, reference: str, content: bytes, kind: str = MANIFEST
) -> httpx.Response:
    push_blob(http, repository, EMPTY)
    return http.put(
        f"/v2/{repository}/manifests/{reference}", content=content, headers={"Content-Type": kind}
    )


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/json"
    (error,) = answer.json()["errors"]
    assert error.keys() == {"code", "message", "detail"}
    return str(error["code"])
