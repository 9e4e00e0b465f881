"""From a job to a verdict: what is written, and what becomes of failures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from publications import publication_of
from registries import NO_ENVOY_HAS_IT, filter_module
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.layer import compress, module_tar
from wasmkit_hub.platform.jobs import ATTEMPTS, JobRow
from wasmkit_hub.platform.sandbox import ChildDiedError, Sandbox
from wasmkit_hub.verification.tables import ImageRow

if TYPE_CHECKING:
    from hub_kit import Kit


def test_served(kit: Kit) -> None:
    digest = kit.image("a/b", "1", filter_module())
    assert kit.state("a/b", "1")["state"] == "measuring"
    assert kit.work() == 1
    found = kit.state("a/b", "1")
    assert (found["state"], found["reasons"], found["digest"]) == ("served", [], digest)
    assert found["module"]["size"] == len(filter_module())


def test_blocked_and_why(kit: Kit) -> None:
    kit.image("a/b", "1", filter_module(imports=NO_ENVOY_HAS_IT))
    kit.work()
    found = kit.state("a/b", "1")
    assert found["state"] == "blocked"
    assert "no_such_function" in found["reasons"][0]
    assert kit.http.get("/v2/a/b/manifests/1").status_code == 404


def test_a_document_that_comes_later_is_judged_without_another_look(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = filter_module()
    digest = kit.image("a/b", "1", module)
    kit.work()
    facts = kit.state("a/b", "1")["module"]

    def fails(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Sandbox, "run", fails)
    document = publication_of(module, on_error="open").document.to_bytes()
    kit.referrer("a/b", digest, oci.TYPE_DOCUMENT, document)
    assert kit.state("a/b", "1")["state"] == "measuring"
    assert kit.work() == 1
    found = kit.state("a/b", "1")
    assert (found["state"], found["module"]) == ("served", facts)
    with kit.hub.database.read() as session:
        assert session.get_one(ImageRow, ("a/b", digest)).on_error == "open"


def test_the_annotated_sha256_is_checked(kit: Kit) -> None:
    notes = {oci.ANNOTATION_MODULE_SHA256: "0" * 64}
    kit.image("a/b", "1", annotations=notes)
    kit.work()
    assert "its annotation says" in kit.state("a/b", "1")["reasons"][0]


@pytest.mark.parametrize("claims", [True, False])
@pytest.mark.parametrize("content", [b"not gzip", compress(module_tar(b"text"))])
def test_an_archive_without_a_module(kit: Kit, content: bytes, claims: bool) -> None:
    notes = {oci.ANNOTATION_VARIANT: "compat"} if claims else {}
    kit.image("a/b", "1", content, kind=oci.LAYER_TAR_GZIP, annotations=notes)
    kit.work()
    if claims:
        assert kit.state("a/b", "1")["state"] == "blocked"
    else:
        assert kit.http.get("/api/v1/filters/a/b/versions/1").status_code == 404
        assert kit.http.get("/v2/a/b/manifests/1").status_code == 200


def all_attempts(kit: Kit) -> None:
    for _ in range(ATTEMPTS):
        with kit.hub.database.write() as session:
            session.execute(update(JobRow).values(run_at=time.time() - 1))
        kit.work()


@pytest.mark.parametrize("kind", [oci.LAYER_WASM, oci.LAYER_TAR_GZIP])
def test_what_nobody_can_look_at(kit: Kit, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def dies(*_: object) -> None:
        raise ChildDiedError("it takes too long")

    kit.image("a/b", "1", kind=kind)
    kit.image("a/b", "gone", filter_module("gone"))
    gone = kit.http.head("/v2/a/b/manifests/gone").headers["docker-content-digest"]
    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "run", dies)
        kit.work()
        kit.http.delete(f"/v2/a/b/manifests/{gone}")
        all_attempts(kit)
    if kind == oci.LAYER_TAR_GZIP:  # for all that the hub knows, not a filter
        assert kit.http.get("/v2/a/b/manifests/1").status_code == 200
        return
    found = kit.state("a/b", "1")
    assert (found["state"], found["module"]) == ("blocked", None)
    assert found["reasons"] == ["could not be measured: it takes too long"]
    # Pushed again, it is measured again.
    kit.image("a/b", "1", kind=kind)
    kit.work()
    assert kit.state("a/b", "1")["state"] == "served"


def test_an_entry_whose_manifest_holds_no_module(kit: Kit) -> None:
    """Taken over from an earlier hub, say, which looked at the layers less closely."""
    digest = kit.image("a/b", "1", b"text", kind="text/plain")
    other = kit.image("a/b", "2")
    payload = {"repository": "a/b", "digest": digest}
    with kit.hub.database.write() as session:
        row = session.get_one(ImageRow, ("a/b", other))
        row.digest = digest
        session.execute(update(JobRow).values(payload=payload))
    assert kit.work() == 1
    assert kit.http.get("/api/v1/filters/a/b/versions/1").status_code == 404
    assert kit.http.get("/v2/a/b/manifests/1").status_code == 200
