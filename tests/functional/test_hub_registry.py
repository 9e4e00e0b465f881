"""The distribution API, request by request, on a real server (distribution-spec 1.1)."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from registries import registry
from wasmkit.artifact.media_types import INDEX, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator

EMPTY = b"{}"
NONE = "sha256:" + "0" * 64


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        registry("hub", tmp_path_factory.mktemp("hub")) as host,
        httpx.Client(base_url=f"http://{host}", timeout=30) as client,
    ):
        yield client


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


def test_version(http: httpx.Client) -> None:
    for path in ("/v2/", "/v2"):
        assert http.get(path).status_code == 200


# ------------------------------------------------------------------ blobs


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


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
    ],
)
def test_range(
    http: httpx.Client, asked: str, status: int, content: bytes, content_range: str
) -> None:
    digest = push_blob(http, "range", b"0123456789")
    got = http.get(f"/v2/range/blobs/{digest}", headers={"Range": asked})
    assert (got.status_code, got.headers["content-range"]) == (status, content_range)
    if status == 206:
        assert got.content == content


def test_module_is_sent_as_wasm_and_nothing_is_run(http: httpx.Client) -> None:
    for content, kind in ((b"\0asm\1\0\0\0", "application/wasm"), (b"<html>", None)):
        digest = push_blob(http, "kinds", content)
        headers = http.get(f"/v2/kinds/blobs/{digest}").headers
        assert headers["content-type"] == (kind or "application/octet-stream")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]


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


def test_same_blob_from_many_at_once(http: httpx.Client) -> None:
    content = b"z" * 5_000_000
    digest = digest_of(content)
    states: list[int] = []

    def push() -> None:
        with httpx.Client(base_url=http.base_url, timeout=60) as own:
            answer = own.post(f"/v2/many/blobs/uploads/?digest={digest}", content=content)
            states.append(answer.status_code)
            states.append(hash(own.get(f"/v2/many/blobs/{digest}").content) == hash(content))

    threads = [threading.Thread(target=push) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == [True] * 8 + [201] * 8


def test_client_that_goes_away_can_go_on(http: httpx.Client) -> None:
    location = http.post("/v2/gone/blobs/uploads/").headers["location"]
    with socket.create_connection((http.base_url.host, http.base_url.port)) as raw:
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        raw.sendall(head.encode() + b"half of it")
        time.sleep(0.5)  # uvicorn drops what it has not handed on when the connection goes
    deadline = time.monotonic() + 10
    while http.get(location).headers["range"] != "0-9":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    digest = digest_of(b"half of it, then the rest")
    for _ in range(100):  # until the first connection's end is noticed, its upload is busy
        done = http.put(location, params={"digest": digest}, content=b", then the rest")
        if done.status_code != 400:
            break
        time.sleep(0.02)
    assert done.status_code == 201


# ------------------------------------------------------------------ manifests


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


# ------------------------------------------------------------------ listings


def test_tags(http: httpx.Client) -> None:
    assert code_of(http.get("/v2/nobody/tags/list")) == "NAME_UNKNOWN"
    tags = ["1.0", "1.10", "1.9", "B", "a", "c"]
    for tag in reversed(tags):
        push_manifest(http, "tags", tag, manifest())
    url = "/v2/tags/tags/list"
    assert http.get(url).json() == {"name": "tags", "tags": tags}
    page = http.get(url, params={"n": 4})
    assert page.json()["tags"] == tags[:4]
    rest = http.get(page.links["next"]["url"])
    assert rest.json()["tags"] == tags[4:]
    assert "link" not in rest.headers
    none = http.get(url, params={"n": 0})
    assert (none.json()["tags"], "link" in none.headers) == ([], False)
    assert http.get(url, params={"n": 9, "last": "1.9"}).json()["tags"] == ["B", "a", "c"]
    for n in ("-1", "x", "٣"):
        assert http.get(url, params={"n": n}).status_code == 400


def test_referrers(http: httpx.Client) -> None:
    image = manifest(odd="image")
    subject = {"mediaType": MANIFEST, "digest": digest_of(image), "size": len(image)}
    first = manifest(subject=subject, artifactType="application/a", annotations={"k": "v"})
    second = manifest(subject=subject)
    url = f"/v2/refs/referrers/{digest_of(image)}"
    none = http.get(url)
    assert (none.status_code, none.json()["manifests"]) == (200, [])
    assert none.headers["content-type"] == INDEX
    for content in (first, second):  # before the image that they refer to
        pushed = push_manifest(http, "refs", digest_of(content), content)
        assert pushed.headers["oci-subject"] == digest_of(image)
    push_manifest(http, "refs", "1", image)
    assert {entry["digest"]: entry for entry in http.get(url).json()["manifests"]} == {
        digest_of(first): {
            "mediaType": MANIFEST,
            "digest": digest_of(first),
            "size": len(first),
            "artifactType": "application/a",
            "annotations": {"k": "v"},
        },
        digest_of(second): {
            "mediaType": MANIFEST,
            "digest": digest_of(second),
            "size": len(second),
            "artifactType": "application/vnd.oci.empty.v1+json",
        },
    }
    some = http.get(url, params={"artifactType": "application/a"})
    assert some.headers["oci-filters-applied"] == "artifactType"
    assert [entry["digest"] for entry in some.json()["manifests"]] == [digest_of(first)]
    assert http.get("/v2/refs/referrers/sha256:bad").status_code == 400


def test_many_referrers_come_in_pages(http: httpx.Client) -> None:
    subject = {"mediaType": MANIFEST, "digest": NONE, "size": 1}
    pushed = set()
    for number in range(6):
        note = {"n": str(number), "long": "x" * 1_000_000}
        content = manifest(subject=subject, annotations=note)
        assert push_manifest(http, "pages", digest_of(content), content).status_code == 201
        pushed.add(digest_of(content))
    found: list[str] = []
    url = f"/v2/pages/referrers/{NONE}"
    while url:
        answer = http.get(url)
        assert len(answer.content) <= 4 * 1024 * 1024
        found += [entry["digest"] for entry in answer.json()["manifests"]]
        url = answer.links.get("next", {}).get("url", "")
    assert sorted(found) == sorted(pushed)


# ------------------------------------------------------------------ nonsense


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
