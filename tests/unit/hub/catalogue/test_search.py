"""Finding filters by words, in an order, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit_hub.catalogue import search
from wasmkit_hub.catalogue.search import Order, find

if TYPE_CHECKING:
    from hub_kit import Kit

FILTERS = {
    "s/alpha": ("Alpha", "a 100% thing"),
    "s/beta": ("Beta", "Ünder_score"),
    "s/gamma": ("Gamma", "mentions ALPHA here"),
}


@pytest.fixture
def filled(kit: Kit) -> Kit:
    for repository, (name, description) in FILTERS.items():
        notes = {oci.ANNOTATION_TITLE: name, oci.ANNOTATION_DESCRIPTION: description}
        kit.image(repository, "1.0.0", filter_module(name), annotations=notes)
    return kit


@pytest.mark.parametrize(
    ("words", "order", "names"),
    [
        ("", Order.NAME, ["Alpha", "Beta", "Gamma"]),
        ("", Order.UPDATED, ["Gamma", "Beta", "Alpha"]),
        ("alpha", Order.UPDATED, ["Alpha", "Gamma"]),
        ("100%", Order.NAME, ["Alpha"]),
        ("_", Order.NAME, ["Beta"]),
        ("ÜNDER beta", Order.NAME, ["Beta"]),
        ("s/gam", Order.NAME, ["Gamma"]),
        ("nowhere", Order.NAME, []),
    ],
)
def test_found(filled: Kit, words: str, order: Order, names: list[str]) -> None:
    with filled.hub.database.read() as session:
        found = find(session, words, order, 1)
    assert [image.name for image in found.images] == names
    assert found.total == len(names)


def test_pages(filled: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE_SIZE", 2)
    with filled.hub.database.read() as session:
        pages = [find(session, "", Order.NAME, number) for number in (1, 2, 3)]
    assert [[image.name for image in page.images] for page in pages] == [
        ["Alpha", "Beta"],
        ["Gamma"],
        [],
    ]
    assert {page.total for page in pages} == {3}
