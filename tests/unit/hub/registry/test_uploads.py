"""Pushing blobs (distribution-spec 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from distribution_api import EMPTY, NONE, code_of, digest_of, push_blob

if TYPE_CHECKING:
    import httpx


def test_post_then_put(http: httpx.Client) -> None:
    content = b"post then put"
    started = http.post("/v2/a/b/blobs/uploads/")
    assert started.status_code == 202
    done = http.put(
        started.headers["location"], params={"digest": digest_of(content)}, content=content
    )
    assert done.status_code == 201
    assert http.get(done.headers["location"]).content == content
    assert http.get(started.headers["location"]).status_code == 404


def test_chunks_in_and_out_of_order(http: httpx.Client) -> None:
    location = http.post("/v2/chunks/blobs/uploads/").headers["location"]
    first = http.patch(location, content=b"01234", headers={"Content-Range": "0-4"})
    assert (first.status_code, first.headers["range"]) == (202, "0-4")
    early = http.patch(location, content=b"x", headers={"Content-Range": "6-6"})
    assert (early.status_code, early.headers["range"]) == (416, "0-4")
    state = http.get(location)
    assert (state.status_code, state.headers["range"]) == (204, "0-4")
    for nonsense in ("x", "5-", "6-5", "bytes=5-5"):
        answer = http.patch(location, content=b"5", headers={"Content-Range": nonsense})
        assert (answer.status_code, code_of(answer)) == (400, "BLOB_UPLOAD_INVALID")
    longer = http.patch(location, content=b"56789", headers={"Content-Range": "5-8"})
    assert longer.status_code == 400
    second = http.patch(location, content=b"5678", headers={"Content-Range": "5-8"})
    assert second.headers["range"] == "0-8"
    done = http.put(
        location,
        params={"digest": digest_of(b"0123456789")},
        content=b"9",
        headers={"Content-Range": "9-9"},
    )
    assert done.status_code == 201
    assert http.get(done.headers["location"]).content == b"0123456789"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("content", [b"", EMPTY, b"x" * 3_000_000], ids=["empty", "{}", "3 MB"])
def test_blob(http: httpx.Client, algorithm: str, content: bytes) -> None:
    digest = digest_of(content, algorithm)
    for _ in range(2):  # the second time it is there already
        answer = http.post(f"/v2/blobs/blobs/uploads/?digest={digest}", content=content)
        assert answer.status_code == 201
        assert answer.headers["docker-content-digest"] == digest
    head = http.head(f"/v2/blobs/blobs/{digest}")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(content)))
    got = http.get(f"/v2/blobs/blobs/{digest}")
    assert (got.content, got.headers["docker-content-digest"]) == (content, digest)


def test_wrong_digest(http: httpx.Client) -> None:
    answer = http.post(f"/v2/wrong/blobs/uploads/?digest={digest_of(b'a')}", content=b"b")
    assert (answer.status_code, code_of(answer)) == (400, "DIGEST_INVALID")
    location = http.post("/v2/wrong/blobs/uploads/").headers["location"]
    answer = http.put(location, params={"digest": digest_of(b"a")}, content=b"b")
    assert (answer.status_code, code_of(answer)) == (400, "DIGEST_INVALID")
    for content in (b"a", b"b"):
        assert http.get(f"/v2/wrong/blobs/{digest_of(content)}").status_code == 404


def test_cancel(http: httpx.Client) -> None:
    location = http.post("/v2/cancel/blobs/uploads/").headers["location"]
    assert http.delete(location).status_code == 204
    assert code_of(http.delete(location)) == "BLOB_UPLOAD_UNKNOWN"


def test_mount(http: httpx.Client) -> None:
    digest = push_blob(http, "mount/from", b"mounted")
    answer = http.get(f"/v2/mount/to/blobs/{digest}")
    assert code_of(answer) == "BLOB_UNKNOWN"  # there, but not for this repository
    start = "/v2/mount/to/blobs/uploads/"
    for query in (
        f"mount={digest}",
        f"mount={digest}&from=mount/other",
        f"mount={NONE}&from=mount/from",
    ):
        answer = http.post(f"{start}?{query}")
        assert answer.status_code == 202
        assert http.put(answer.headers["location"], params={"digest": NONE}).status_code == 400
    answer = http.post(f"{start}?mount={digest}&from=mount/from")
    assert answer.status_code == 201
    assert http.get(f"/v2/mount/to/blobs/{digest}").content == b"mounted"
