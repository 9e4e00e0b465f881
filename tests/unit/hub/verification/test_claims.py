from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from publications import publication_of
from registries import filter_module
from wasmkit_hub.verification.claims import Claims, claims_of, with_document, write_claims
from wasmkit_hub.verification.tables import ImageRow

ANNOTATIONS = {
    "org.opencontainers.image.title": "hello",
    "org.opencontainers.image.version": "1.0.0",
    "org.opencontainers.image.description": "Says\nhello.",
    "org.opencontainers.image.licenses": "MIT",
    "org.opencontainers.image.authors": "Jo <jo@x.example>",
}


def test_annotations_are_read() -> None:
    claims = claims_of(ANNOTATIONS | {"com.example.other": "x"})
    assert (claims.name, claims.version, claims.licenses) == ("hello", "1.0.0", "MIT")
    assert claims.description == "Says hello."
    assert claims.authors == "Jo <jo@x.example>"
    assert claims_of({}) == Claims()


def test_a_strangers_words_are_one_line_and_short() -> None:
    long = dict.fromkeys(ANNOTATIONS, "\u202e\x1b" + "x" * 5000)
    for text in asdict(claims_of(long)).values():
        assert len(text) <= 1000
        assert not set("\u202e\x1b") & set(text)
    assert len(claims_of(long).name) == 100


def document(**facts: Any) -> bytes:
    return publication_of(filter_module(), **facts).document.to_bytes()


def test_a_document_stands_over_the_annotations() -> None:
    content = document(
        name="b", version="2.0.0", license="Apache-2.0", authors=("A", "B"), description=""
    )
    claims = with_document(claims_of(ANNOTATIONS), content)
    assert (claims.name, claims.version, claims.licenses) == ("b", "2.0.0", "Apache-2.0")
    assert claims.authors == "A, B"
    assert claims.description == "Says hello.", "what it does not say stays"


@pytest.mark.parametrize(
    ("said", "kept"), [("open", "open"), ("close", "close"), ("", ""), ("perhaps", "")]
)
def test_how_it_fails_is_one_of_two_words_or_unknown(said: str, kept: str) -> None:
    assert with_document(claims_of(ANNOTATIONS), document(on_error=said)).on_error == kept


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 9999, b'{"version": 1, "filter": 3}'])
def test_what_is_no_document_changes_nothing(content: bytes) -> None:
    before = claims_of(ANNOTATIONS)
    assert with_document(before, content) == before


@pytest.mark.parametrize(
    ("example", "kept"),
    [(None, ""), ({"a": 1}, '{"a": 1}'), (["x" * 5000], "")],
    ids=["none", "some", "too-long"],
)
def test_an_example_is_shown_whole_or_not_at_all(example: object, kept: str) -> None:
    told = json.loads(document())
    told["config"]["example"] = example
    assert with_document(Claims(), json.dumps(told).encode()).example == kept


def test_a_row_has_a_name_in_any_case() -> None:
    row = ImageRow(repository="team/a")
    write_claims(row, Claims(version="1.0.0"))
    assert (row.name, row.version) == ("a", "1.0.0")
    write_claims(row, Claims(name="hello"))
    assert (row.name, row.version) == ("hello", "")


def test_every_claim_has_its_column() -> None:
    columns = set(ImageRow.__table__.columns.keys())
    assert {each.name for each in fields(Claims)} <= columns
