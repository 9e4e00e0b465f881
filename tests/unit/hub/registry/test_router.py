"""The API's paths, and what leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from distribution_api import NONE, code_of

if TYPE_CHECKING:
    import httpx


def test_version(http: httpx.Client) -> None:
    for path in ("/v2/", "/v2"):
        assert http.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v2/UPPER/manifests/x", 400, "NAME_INVALID"),
        ("GET", "/v2/a//b/manifests/x", 400, "NAME_INVALID"),
        ("GET", "/v2/a..b/manifests/x", 400, "NAME_INVALID"),
        ("GET", "/v2/a%2f..%2fb/tags/list", 400, "NAME_INVALID"),
        ("GET", f"/v2/{'a' * 256}/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/a%00/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/a/manifests/none", 404, "MANIFEST_UNKNOWN"),
        ("GET", f"/v2/a/manifests/{NONE}", 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/a/blobs/sha256:bad", 400, "DIGEST_INVALID"),
        ("HEAD", f"/v2/a/blobs/{NONE}", 404, ""),
        ("GET", f"/v2/a/blobs/uploads/{'0' * 32}", 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PUT", f"/v2/a/blobs/uploads/{'0' * 32}", 400, "DIGEST_INVALID"),
        ("PATCH", "/v2/a/blobs/uploads/..", 404, "UNSUPPORTED"),
        ("POST", "/v2/a/blobs/uploads/?digest=x", 400, "DIGEST_INVALID"),
        ("POST", "/v2/a/blobs/uploads/?mount=x&from=y", 400, "DIGEST_INVALID"),
        ("GET", "/v2/nothing", 404, "UNSUPPORTED"),
        ("POST", "/v2/a/manifests/x", 405, "UNSUPPORTED"),
    ],
)
def test_refused(http: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    if code:
        assert code_of(answer) == code
