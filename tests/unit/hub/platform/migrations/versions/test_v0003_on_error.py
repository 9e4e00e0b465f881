"""What the step makes of a folder that a hub before it wrote."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from hub_kit import hub_kit
from publications import publication_of
from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.verification.tables import ImageRow
from wasmkit_hub.worker import worker_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _one_step_back(data: Path, *, waiting: bool) -> None:
    with sqlite3.connect(data / "hub.sqlite") as raw:
        raw.execute("ALTER TABLE images DROP COLUMN on_error")
        raw.execute("UPDATE alembic_version SET version_num = '0002'")
        if not waiting:
            raw.execute("DELETE FROM jobs")
    raw.close()


def _on_errors(data: Path) -> tuple[int, dict[str, str]]:
    hub = open_hub(Settings(data=data))
    worker, done = worker_of(hub), 0
    while worker.step():
        done += 1
    with hub.database.read() as session:
        found = {row.repository: row.on_error for row in session.query(ImageRow)}
    hub.database.close()
    return done, found


def test_documents_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = publication_of(filter_module(), on_error="open").document.to_bytes()
    with hub_kit(tmp_path, monkeypatch) as kit:
        kit.image("a/without", "1.0.0")
        kit.referrer("a/with", kit.image("a/with", "1.0.0"), oci.TYPE_DOCUMENT, document)
        kit.work()
    data = tmp_path / "hub"
    _one_step_back(data, waiting=False)
    assert _on_errors(data) == (1, {"a/without": "", "a/with": "open"})


def test_an_image_that_waits_is_measured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = publication_of(filter_module(), on_error="close").document.to_bytes()
    with hub_kit(tmp_path, monkeypatch) as kit:
        kit.referrer("a/with", kit.image("a/with", "1.0.0"), oci.TYPE_DOCUMENT, document)
    data = tmp_path / "hub"
    _one_step_back(data, waiting=True)
    assert _on_errors(data) == (1, {"a/with": "close"})
