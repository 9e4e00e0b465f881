"""Pages of versions in every state, without a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hub_kit import hub_kit
from publications import publication_of
from registries import HTTP_CALL, NO_ENVOY_HAS_IT, filter_module
from wasmkit.artifact import media_types as oci

if TYPE_CHECKING:
    from pathlib import Path

    from hub_kit import Kit

REFRESH = '<meta http-equiv="refresh"'


def page(kit: Kit, path: str = "/filters/a/b") -> str:
    answer = kit.http.get(path)
    assert answer.status_code == 200
    return answer.text


def test_measuring_then_served(kit: Kit) -> None:
    kit.image("a/b", "1.0.0", filter_module(imports=HTTP_CALL))
    before = page(kit)
    assert REFRESH in before
    assert "still measuring" in before
    assert "<summary>Istio" not in before
    assert "measuring" in page(kit, "/")
    kit.work()
    after = page(kit)
    assert REFRESH not in after
    assert "<summary>Istio" in after
    assert "<dd>1.36 to 1.40</dd>" in after
    assert "reaches out" in after
    assert "measuring" not in page(kit, "/")


def test_blocked(kit: Kit) -> None:
    kit.image("a/b", "1.0.0", filter_module(imports=NO_ENVOY_HAS_IT))
    kit.work()
    text = page(kit)
    assert "This version is blocked" in text
    assert "Its tags lead nowhere" in text
    assert "<summary>" not in text.partition("Capabilities")[0]
    assert "blocked" in page(kit, "/")


def test_blocked_and_served_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub_kit(tmp_path, monkeypatch, serve_blocked=True) as kit:
        kit.image("a/b", "1.0.0", filter_module(imports=NO_ENVOY_HAS_IT))
        kit.work()
        assert "serves it all the same" in page(kit)
        assert kit.http.get("/v2/a/b/manifests/1.0.0").status_code == 200


def test_papers_in_every_state(kit: Kit) -> None:
    digest = kit.image("a/b", "1.0.0")
    kit.referrer("a/b", digest, oci.TYPE_README, b"# b\n\nwords")
    kit.referrer("a/b", digest, oci.TYPE_CONFIG_SCHEMA, b'{"properties": {"x": {"default": 1}}}')
    assert page(kit).count("being made ready") == 2
    kit.work()
    text = page(kit)
    assert "<h3>b</h3>" not in text  # the page says that already
    assert "<p>words</p>" in text
    assert "&#34;x&#34;: 1" in text  # the schema's default in the manifests
    kit.referrer("a/b", digest, oci.TYPE_CONFIG_SCHEMA, b"true")
    kit.work()
    assert "no fields that could be shown" in page(kit)


def test_an_example_goes_before_defaults(kit: Kit) -> None:
    digest = kit.image("a/b", "1.0.0")
    document = {
        "version": 1,
        "filter": {"name": "b", "version": "1.0.0", "authors": ["Some One"]},
        "config": {"schema": None, "example": {"greeting": "ahoy"}},
        "module": {"sha256": "0" * 64, "size": 1},
    }
    kit.referrer("a/b", digest, oci.TYPE_DOCUMENT, json.dumps(document).encode())
    kit.work()
    text = page(kit)
    assert "ahoy" in text
    assert "Some One" in text
    assert 'download="filter.json"' in text


@pytest.mark.parametrize(
    ("on_error", "words", "policy"),
    [
        ("open", "requests pass by it", "FAIL_OPEN"),
        ("close", "requests end with an error", "FAIL_CLOSED"),
    ],
)
def test_how_it_fails_is_said_and_in_the_manifests(
    kit: Kit, on_error: str, words: str, policy: str
) -> None:
    module = filter_module()
    digest = kit.image("a/b", "1.0.0", module)
    kit.blob("a/b", module)
    kit.work()
    before = page(kit)
    assert "If it fails" not in before
    assert "failure_policy: FAIL_CLOSED" in before
    document = publication_of(module, on_error=on_error).document.to_bytes()
    kit.referrer("a/b", digest, oci.TYPE_DOCUMENT, document)
    kit.work()
    after = page(kit)
    assert f"<dt>If it fails</dt><dd>{words}</dd>" in after
    assert f"failure_policy: {policy}" in after


def test_versions_are_found_by_tag_number_and_digest(kit: Kit) -> None:
    notes = {oci.ANNOTATION_VERSION: "1.2.3"}
    digest = kit.image("a/b", "stable", annotations=notes)
    for wanted in ("stable", "1.2.3", digest):
        assert digest in page(kit, f"/filters/a/b?version={wanted}")
    assert kit.http.get("/filters/a/b?version=9").status_code == 404
    assert kit.http.get("/filters/none").status_code == 404
