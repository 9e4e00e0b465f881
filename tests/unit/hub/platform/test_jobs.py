"""The queue: nothing is lost, nothing is done for ever, and no two hold one job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from wasmkit_hub.platform import jobs as queue
from wasmkit_hub.platform.database import Database
from wasmkit_hub.platform.jobs import ATTEMPTS, Job, JobRow, Jobs, enqueue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "hub.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def add(database: Database, *subjects: str) -> None:
    with database.write() as session:
        for subject in subjects:
            enqueue(session, "work", subject, {"what": subject})


def claimed(jobs: Jobs) -> Job:
    job = jobs.claim()
    assert job is not None
    return job


def due_now(database: Database) -> None:
    """Let all pauses and leases end."""
    with database.write() as session:
        session.execute(update(JobRow).values(run_at=time.time() - 1))


def finish(database: Database, jobs: Jobs, job: Job) -> bool:
    with database.write() as session:
        return jobs.finish(session, job)


def test_done_in_order_and_gone(database: Database, jobs: Jobs) -> None:
    add(database, "a", "b")
    assert jobs.counts() == {"waiting": 2, "running": 0, "dead": 0}
    for subject in "ab":
        job = claimed(jobs)
        assert (job.subject, job.payload, job.attempt) == (subject, {"what": subject}, 1)
        assert jobs.counts()["running"] == 1
        assert finish(database, jobs, job)
    assert jobs.claim() is None
    assert jobs.counts() == {"waiting": 0, "running": 0, "dead": 0}


def test_the_same_job_waits_once_but_may_wait_while_one_runs(
    database: Database, jobs: Jobs
) -> None:
    add(database, "a", "a")
    add(database, "a")
    first = claimed(jobs)
    add(database, "a")  # what made it necessary came after the first had begun
    second = claimed(jobs)
    assert first.id != second.id
    assert jobs.claim() is None


def test_a_transaction_that_fails_leaves_no_job(database: Database, jobs: Jobs) -> None:
    def fails() -> None:
        with database.write() as session:
            enqueue(session, "work", "a", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert jobs.claim() is None


def test_a_failed_job_pauses_longer_each_time(database: Database, jobs: Jobs) -> None:
    add(database, "a")
    pauses = []
    for attempt in range(1, ATTEMPTS + 1):
        job = claimed(jobs)
        assert job.attempt == attempt
        assert job.is_last == (attempt == ATTEMPTS)
        jobs.fail(job, "because")
        assert jobs.claim() is None
        with database.read() as session:
            pauses.append(session.scalars(select(JobRow.run_at)).one() - time.time())
        due_now(database)
    assert pauses == sorted(pauses)
    spent = claimed(jobs)
    assert spent.is_spent
    assert spent.error == "because"


def test_a_job_whose_holder_is_killed_is_claimed_again(database: Database, jobs: Jobs) -> None:
    add(database, "a")
    lost = claimed(jobs)
    assert jobs.claim() is None
    due_now(database)
    again = claimed(jobs)
    assert (again.id, again.attempt) == (lost.id, 2)
    # The first, if it lives after all, writes nothing any more.
    assert not jobs.renew(lost)
    assert not finish(database, jobs, lost)
    jobs.fail(lost, "too late")
    with database.write() as session:
        assert not jobs.bury(session, lost, "too late")
    assert jobs.renew(again)
    assert finish(database, jobs, again)


def test_a_lease_begins_when_the_lock_is_had(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, "a")
    clock = time.time() + 1
    write = database.write

    def late() -> object:
        nonlocal clock
        clock += 20  # so long another writer held the lock
        return write()

    monkeypatch.setattr("time.time", lambda: clock)
    monkeypatch.setattr(database, "write", late)
    assert jobs.claim() is not None
    assert jobs.claim() is None


def test_a_dead_job_is_seen_and_never_claimed(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_MOST_DEAD", 2)
    for subject in "abc":
        add(database, subject)
        job = claimed(jobs)
        with database.write() as session:
            assert jobs.bury(session, job, f"no {subject}" + "x" * 5000)
    due_now(database)
    assert jobs.claim() is None
    assert jobs.counts() == {"waiting": 0, "running": 0, "dead": 2}
    dead = jobs.dead(10)
    assert [job["subject"] for job in dead] == ["c", "b"]
    assert dead[0]["error"].startswith("no c")
    assert len(dead[0]["error"]) == 2000


def test_two_workers_never_hold_one_job(tmp_path: Path, database: Database) -> None:
    add(database, *map(str, range(20)))
    others = [Database(tmp_path / "hub.sqlite") for _ in range(2)]
    taken = [claimed(Jobs(others[n % 2])).id for n in range(20)]
    for other in others:
        other.close()
    assert len(set(taken)) == 20
