"""Tags and referrers (distribution-spec 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distribution_api import NONE, code_of, digest_of, manifest, push_manifest
from wasmkit.artifact.media_types import INDEX, MANIFEST

if TYPE_CHECKING:
    import httpx


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
