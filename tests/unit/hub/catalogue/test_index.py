"""Which versions a filter has, in which order, and which of them stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registries import NO_ENVOY_HAS_IT, filter_module
from wasmkit.artifact import media_types as oci
from wasmkit_hub.catalogue.index import Version, newest_of, versions_of
from wasmkit_hub.catalogue.tables import FilterRow

if TYPE_CHECKING:
    from hub_kit import Kit


def versions(kit: Kit) -> tuple[Version, ...]:
    with kit.hub.database.read() as session:
        return versions_of(session, "a/b")


def push(kit: Kit, tag: str, imports: str = "", version: str = "") -> str:
    module = filter_module(tag, imports=imports)
    notes = {oci.ANNOTATION_VERSION: version} if version else {}
    return kit.image("a/b", tag, module, annotations=notes)


def test_order(kit: Kit) -> None:
    for tag in ("1.10.0", "1.9.0", "latest", "2.0.0-rc.1"):
        push(kit, tag)
    push(kit, "moving", version="1.9.5")
    assert [each.label for each in versions(kit)] == [
        *("2.0.0-rc.1", "1.10.0", "1.9.5", "1.9.0", "latest"),
    ]


def test_tags_of_one_image_are_one_version(kit: Kit) -> None:
    module = filter_module()
    for tag in ("1.0.0", "stable"):
        kit.image("a/b", tag, module)
    (only,) = versions(kit)
    assert only.tags == ("1.0.0", "stable")
    assert only.label == "1.0.0"
    kit.http.delete("/v2/a/b/manifests/1.0.0")
    (only,) = versions(kit)
    assert only.tags == ("stable",)


def test_the_newest_that_is_not_blocked_stands_for_the_filter(kit: Kit) -> None:
    old = push(kit, "1.0.0")
    bad = push(kit, "2.0.0", NO_ENVOY_HAS_IT)

    def shown() -> str:
        with kit.hub.database.read() as session:
            return session.get_one(FilterRow, "a/b").digest

    assert shown() == bad  # until it is measured
    kit.work()
    assert shown() == old
    assert newest_of(versions(kit)).image.digest == old
    kit.http.delete("/v2/a/b/manifests/1.0.0")
    assert shown() == bad
    kit.http.delete(f"/v2/a/b/manifests/{bad}")
    with kit.hub.database.read() as session:
        assert session.get(FilterRow, "a/b") is None
