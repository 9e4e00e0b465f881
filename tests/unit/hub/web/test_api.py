"""What programs ask beyond the OCI API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from registries import NO_ENVOY_HAS_IT, filter_module

if TYPE_CHECKING:
    from hub_kit import Kit


def test_a_version_by_tag_and_digest(kit: Kit) -> None:
    digest = kit.image("a/b", "1.0.0", filter_module(imports=NO_ENVOY_HAS_IT))
    for state in ("measuring", "blocked"):
        for reference in ("1.0.0", digest):
            found = kit.state("a/b", reference)
            assert found.keys() == {"state", "reasons", "digest", "page", "module"}
            assert (found["state"], found["digest"]) == (state, digest)
            assert bool(found["reasons"]) == (state == "blocked")
            assert found["page"] == "http://hub.example/filters/a/b?version=1.0.0"
            assert kit.http.get(found["page"]).status_code == 200
        kit.work()


def test_a_version_without_a_tag_is_shown_by_its_digest(kit: Kit) -> None:
    digest = kit.image("a/b", "1.0.0")
    kit.http.delete("/v2/a/b/manifests/1.0.0")
    assert kit.state("a/b", digest)["page"].endswith(digest.replace(":", "%3A"))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("a/b/versions/2", "MANIFEST_UNKNOWN"),
        ("none/versions/1", "MANIFEST_UNKNOWN"),
        ("a/text/versions/1", "MANIFEST_UNKNOWN"),
        ("A/versions/1", "NAME_INVALID"),
        ("a/b/versions/sha256:x", "DIGEST_INVALID"),
    ],
)
def test_no_such_version(kit: Kit, place: str, code: str) -> None:
    kit.image("a/b", "1")
    kit.image("a/text", "1", b"text", kind="text/plain")
    answer = kit.http.get(f"/api/v1/filters/{place}")
    assert answer.status_code in {400, 404}
    assert answer.json()["errors"][0]["code"] == code
    assert "sandbox" in answer.headers["content-security-policy"]


def test_jobs(kit: Kit) -> None:
    assert kit.http.get("/api/v1/jobs").json()["waiting"] == 0
    kit.image("a/b", "1")
    jobs = kit.http.get("/api/v1/jobs").json()
    assert jobs == {"waiting": 1, "running": 0, "dead": 0, "given_up": []}
