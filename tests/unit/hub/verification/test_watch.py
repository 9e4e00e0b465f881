"""What a push makes necessary, before anything is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.layer import compress, module_tar
from wasmkit_hub.platform.jobs import JobRow
from wasmkit_hub.verification.tables import ImageRow, State

if TYPE_CHECKING:
    from hub_kit import Kit


def waiting(kit: Kit) -> list[str]:
    with kit.hub.database.read() as session:
        return sorted(session.scalars(select(JobRow.kind)))


def image(kit: Kit, digest: str) -> ImageRow | None:
    with kit.hub.database.read() as session:
        return session.get(ImageRow, ("a/b", digest))


PACKED = compress(module_tar(filter_module()))


@pytest.mark.parametrize(
    ("content", "kind", "notes", "listed"),
    [
        (filter_module(), oci.LAYER_WASM, {}, True),
        (PACKED, oci.LAYER_TAR_GZIP, {}, False),
        (PACKED, oci.LAYER_TAR_GZIP, {oci.ANNOTATION_VARIANT: "compat"}, True),
        (PACKED, oci.LAYER_TAR_GZIP, {oci.ANNOTATION_MODULE_SHA256: "0"}, True),
    ],
)
def test_an_image_waits_to_be_measured(
    kit: Kit, content: bytes, kind: str, notes: dict[str, str], listed: bool
) -> None:
    for _ in range(2):  # pushed again, it is not measured again
        digest = kit.image("a/b", "1", content, kind=kind, annotations=notes)
    row = image(kit, digest)
    assert row is not None
    assert (row.state, row.listed) == (State.MEASURING, listed)
    assert waiting(kit) == ["measure"]


def test_other_artifacts_are_left_alone(kit: Kit) -> None:
    digest = kit.image("a/b", "1", b"text", kind="text/plain")
    kit.referrer("a/b", digest, "application/vnd.example.signature", b"signed")
    assert image(kit, digest) is None
    assert waiting(kit) == []


def test_papers_are_made_ready_once(kit: Kit) -> None:
    for subject in ("0", "1"):
        kit.referrer("a/b", f"sha256:{subject * 64}", oci.TYPE_README, b"# Same")
    kit.referrer("a/b", f"sha256:{'0' * 64}", oci.TYPE_CONFIG_SCHEMA, b"{}")
    assert waiting(kit) == ["render", "render"]
    assert kit.work() == 2


def test_a_document_that_comes_later_has_its_image_measured_again(kit: Kit) -> None:
    digest = kit.image("a/b", "1")
    kit.work()
    kit.referrer("a/b", digest, oci.TYPE_DOCUMENT, b"{}")
    row = image(kit, digest)
    assert row is not None
    assert row.state == State.MEASURING
    kit.work()
    kit.referrer("a/b", digest, oci.TYPE_DOCUMENT, b"{}")  # the same one again
    assert waiting(kit) == []
    kit.referrer("a/b", "sha256:" + "0" * 64, oci.TYPE_DOCUMENT, b"[]")  # of nothing here
    assert waiting(kit) == []


def test_a_deleted_image_is_forgotten(kit: Kit) -> None:
    digest = kit.image("a/b", "1")
    kit.http.delete(f"/v2/a/b/manifests/{digest}")
    assert image(kit, digest) is None
    assert kit.work() == 1  # finds nothing to do
    assert waiting(kit) == []
