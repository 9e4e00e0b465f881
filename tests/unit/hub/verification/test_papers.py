"""What came along with an image, whichever came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit_hub.verification.papers import Paper, Papers, papers_of
from wasmkit_hub.verification.tables import ImageRow

if TYPE_CHECKING:
    from hub_kit import Kit


def papers(kit: Kit, digest: str) -> Papers:
    with kit.hub.database.read() as session:
        return papers_of(session, session.get_one(ImageRow, ("a/b", digest)))


def test_nothing_came(kit: Kit) -> None:
    digest = kit.image("a/b", "1", filter_module())
    assert papers(kit, digest) == Papers(None, None, None, module=False)
    kit.work()
    assert papers(kit, digest).module  # its one layer is the bare module


def test_the_newest_counts(kit: Kit) -> None:
    digest = kit.image("a/b", "1", filter_module())
    kit.referrer("a/b", digest, oci.TYPE_README, b"first")
    kit.work()
    kit.referrer("a/b", digest, oci.TYPE_README, b"second")
    found = papers(kit, digest).readme
    assert found is not None
    assert not found.is_ready
    kit.work()
    found = papers(kit, digest).readme
    assert found is not None
    assert found.is_ready
    assert found.content["html"] == "<p>second</p>\n"
    kit.referrer("a/b", digest, oci.TYPE_DOCUMENT, b"{}")
    document = papers(kit, digest).document
    assert document is not None
    assert kit.http.get(f"/v2/a/b/blobs/{document}").content == b"{}"


def test_a_paper() -> None:
    assert not Paper("sha256:x", {}).is_ready
    failed = Paper("sha256:x", {"failed": "why"})
    assert (failed.is_ready, failed.failed) == (False, "why")
