"""Opening a database: a new one, one of any earlier hub, a newer one, by several at once."""

from __future__ import annotations

import errno
import multiprocessing
import sqlite3
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError

import wasmkit_hub.hub  # noqa: F401  all tables
from hub_folders import RELEASES, unpacked
from wasmkit.errors import InputError
from wasmkit_hub.platform.database import Base, Database
from wasmkit_hub.platform.jobs import JobRow
from wasmkit_hub.registry.tables import ManifestRow, TagRow
from wasmkit_hub.verification.tables import ImageRow, PaperRow, State

if TYPE_CHECKING:
    from pathlib import Path


def differences(file: Path) -> list[object]:
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    return list(found)


def test_the_steps_lead_to_the_tables_that_the_source_says(tmp_path: Path) -> None:
    for _ in range(2):  # the second time there is nothing to do
        Database(tmp_path / "hub.sqlite").close()
        assert differences(tmp_path / "hub.sqlite") == []


@pytest.mark.parametrize("release", RELEASES)
def test_a_database_of_an_earlier_hub(tmp_path: Path, release: str) -> None:
    file = unpacked(release, tmp_path) / "hub.sqlite"
    database = Database(file)
    with database.read() as session:
        tags = dict(
            session.execute(select(TagRow.repository + ":" + TagRow.name, TagRow.digest)).all()
        )
        manifests = {row.digest: row for row in session.scalars(select(ManifestRow))}
        images = {(row.repository, row.version) for row in session.scalars(select(ImageRow))}
        states = set(session.scalars(select(ImageRow.state)))
        papers = len(session.scalars(select(PaperRow)).all())
        jobs = [row.kind for row in session.scalars(select(JobRow))]
    database.close()
    assert differences(file) == []
    assert len(manifests) == 14
    assert set(tags) == {
        *("gallery/security-headers:0.1.0", "demo/tiny:0.1.0", "demo/tiny:0.2.0"),
        *("demo/sly:1.0.0", "other/bare:1.0.0", "other/bare:all", "other/text:latest"),
    }
    assert manifests[tags["other/bare:all"]].image != tags["other/bare:all"]
    assert manifests[tags["demo/sly:1.0.0"]].image == tags["demo/sly:1.0.0"]
    assert images == {
        *(("gallery/security-headers", "0.1.0"), ("demo/tiny", "0.1.0"), ("demo/tiny", "0.2.0")),
        *(("demo/sly", "1.0.0"), ("other/bare", "")),
    }
    assert states == {State.MEASURING}
    assert papers == 2
    assert sorted(jobs) == ["measure"] * 6 + ["render"] * 2


def test_the_earlier_hub_refuses_what_this_one_wrote(tmp_path: Path) -> None:
    Database(tmp_path / "hub.sqlite").close()
    with sqlite3.connect(tmp_path / "hub.sqlite") as raw:
        (layout,) = raw.execute("PRAGMA user_version").fetchone()
    raw.close()
    assert layout not in (0, 1)


def test_a_full_disk_keeps_nothing_of_a_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite")

    def too_much() -> None:
        with database.write() as session:
            session.connection().exec_driver_sql("PRAGMA max_page_count = 1")  # no page more
            session.add(TagRow(repository="a", name="small", digest=""))
            session.flush()
            session.add(TagRow(repository="a", name="large", digest="x" * 1_000_000))

    with pytest.raises(OSError, match="No space left") as caught:
        too_much()
    assert caught.value.errno == errno.ENOSPC
    with database.read() as session:
        assert session.scalars(select(TagRow)).all() == []
    with pytest.raises(OperationalError), database.write() as session:
        session.execute(text("nonsense"))
    database.close()


@pytest.mark.parametrize(
    "change",
    ["PRAGMA user_version = 99", "UPDATE alembic_version SET version_num = '9999'"],
    ids=["layout", "step"],
)
def test_a_newer_hub_wrote_it(tmp_path: Path, change: str) -> None:
    file = tmp_path / "hub.sqlite"
    Database(file).close()
    with sqlite3.connect(file) as raw:
        raw.execute(change)
    raw.close()
    with pytest.raises(InputError, match=r"newer wasmkit.*99") as caught:
        Database(file)
    assert "--data" in caught.value.hint


def _open(file: Path) -> None:
    Database(file).close()


def test_several_processes_at_once(tmp_path: Path) -> None:
    file = unpacked("0.1.0", tmp_path) / "hub.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_open, args=(file,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert differences(file) == []
    database = Database(file)
    with database.read() as session:
        assert len(session.scalars(select(JobRow)).all()) == 8  # each step was taken once
    database.close()


def test_a_killed_step_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = unpacked("0.1.0", tmp_path) / "hub.sqlite"

    def dies(_dialect: object, _context: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alembic.migration.MigrationContext.stamp", lambda *_: dies(0, 0))
        with pytest.raises(KeyboardInterrupt):
            Database(file)
    with sqlite3.connect(file) as raw:
        names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
    raw.close()
    assert "jobs" not in names
    Database(file).close()
    assert differences(file) == []
