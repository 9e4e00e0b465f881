"""A README and a schema are made ready, or it is said why not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from wasmkit.artifact import media_types as oci
from wasmkit_hub.platform.jobs import JobRow
from wasmkit_hub.platform.sandbox import ChildDiedError, Sandbox
from wasmkit_hub.verification.render import PAPER_LIMIT
from wasmkit_hub.verification.tables import PaperRow

if TYPE_CHECKING:
    import pytest

    from hub_kit import Kit

SUBJECT = "sha256:" + "0" * 64


def papers(kit: Kit) -> list[dict[str, object]]:
    with kit.hub.database.read() as session:
        return list(session.scalars(select(PaperRow.content)))


def test_ready(kit: Kit) -> None:
    kit.referrer("a/b", SUBJECT, oci.TYPE_README, b"*words*")
    assert papers(kit) == [{}]
    kit.work()
    assert papers(kit) == [{"heading": "", "heading_html": "", "html": "<p><em>words</em></p>\n"}]


def test_schema(kit: Kit) -> None:
    kit.referrer("a/b", SUBJECT, oci.TYPE_CONFIG_SCHEMA, b'{"properties": {"a": {}}}')
    kit.work()
    (content,) = papers(kit)
    assert content["is_cut"] is False
    assert content["defaults"] == {}


def test_too_long(kit: Kit) -> None:
    kit.referrer("a/b", SUBJECT, oci.TYPE_README, b"x" * (PAPER_LIMIT + 1))
    kit.work()
    assert papers(kit) == [{"failed": "it is longer than 256 KiB"}]


def test_given_up(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise ChildDiedError("it crashed")

    monkeypatch.setattr(Sandbox, "run", dies)
    kit.referrer("a/b", SUBJECT, oci.TYPE_README, b"x")
    while kit.work():
        with kit.hub.database.write() as session:
            session.execute(update(JobRow).values(run_at=time.time() - 1))
    assert papers(kit) == [{"failed": "it crashed"}]
