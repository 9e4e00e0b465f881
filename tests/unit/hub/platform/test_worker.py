"""Whatever a job does, the next one is done, and each ends one way."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from wasmkit_hub.platform import worker as module
from wasmkit_hub.platform.database import Database
from wasmkit_hub.platform.jobs import ATTEMPTS, Job, JobRow, Jobs, enqueue
from wasmkit_hub.platform.worker import (
    JobFailedError,
    Worker,
    WorkerProcess,
    end_with_the_parent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from wasmkit_hub.platform.worker import Result


class Recorder:
    """A handler that does what it is told and notes what it wrote."""

    def __init__(self) -> None:
        self.act: Callable[[Job, Callable[[], None]], None] = lambda _job, _alive: None
        self.written: list[str] = []

    def run(self, job: Job, alive: Callable[[], None]) -> Result:
        self.act(job, alive)
        return lambda _session: self.written.append(f"done {job.subject}")

    def give_up(self, job: Job, reason: str) -> Result:
        return lambda _session: self.written.append(f"gave up {job.subject}: {reason}")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "hub.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def handler() -> Recorder:
    return Recorder()


@pytest.fixture
def worker(database: Database, handler: Recorder) -> Worker:
    return Worker(database, Jobs(database), {"work": handler})


def add(database: Database, subject: str, kind: str = "work") -> None:
    with database.write() as session:
        enqueue(session, kind, subject, {})


def due_now(database: Database) -> None:
    with database.write() as session:
        session.execute(update(JobRow).values(run_at=time.time() - 1))


def rows(database: Database) -> list[tuple[str, bool]]:
    with database.read() as session:
        return [(row.subject, row.dead) for row in session.scalars(select(JobRow))]


def test_done(database: Database, worker: Worker, handler: Recorder) -> None:
    add(database, "a")
    assert worker.step()
    assert not worker.step()
    assert handler.written == ["done a"]
    assert rows(database) == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [(JobFailedError("too large"), "too large"), (RuntimeError("bug"), "the hub failed at it")],
)
def test_tried_again_and_then_given_up(
    database: Database, worker: Worker, handler: Recorder, error: Exception, reason: str
) -> None:
    def fails(_job: Job, _alive: Callable[[], None]) -> None:
        raise error

    handler.act = fails
    add(database, "a")
    for _ in range(ATTEMPTS):
        assert handler.written == []
        assert worker.step()
        due_now(database)
    assert len(handler.written) == 1
    assert handler.written[0].startswith(f"gave up a: {reason}")
    assert rows(database) == [("a", True)]
    assert not worker.step()


def test_what_fails_each_time_is_not_tried_again(
    database: Database, worker: Worker, handler: Recorder
) -> None:
    def fails(_job: Job, _alive: Callable[[], None]) -> None:
        raise JobFailedError("too large", again=False)

    handler.act = fails
    add(database, "a")
    assert worker.step()
    assert handler.written == ["gave up a: too large"]


def test_a_job_that_kills_its_worker_each_time_is_given_up(
    database: Database, worker: Worker, handler: Recorder
) -> None:
    add(database, "a")
    for _ in range(ATTEMPTS):
        assert Jobs(database).claim() is not None  # and the process dies here
        due_now(database)
    assert worker.step()
    assert handler.written == ["gave up a: what worked on it was killed each time"]


def test_a_job_of_another_version_is_given_up(database: Database, worker: Worker) -> None:
    add(database, "a", "unheard-of")
    add(database, "b")
    assert worker.step()
    assert worker.step()
    assert rows(database) == [("a", True)]


def test_who_has_lost_the_lease_writes_nothing(database: Database, handler: Recorder) -> None:
    def slow(_job: Job, alive: Callable[[], None]) -> None:
        alive()  # still ours
        while Jobs(database).claim() is None:  # until another has it
            due_now(database)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            alive()
            time.sleep(0.01)

    handler.act = slow
    add(database, "a")
    assert Worker(database, Jobs(database, lease=0.06), {"work": handler}).step()
    assert handler.written == []
    assert rows(database) == [("a", False)]


def test_a_slow_job_is_held_however_long_it_takes(
    database: Database, handler: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lasts for twenty renewals, of which one fails, and the handler never calls ``alive``."""
    renewals = 0
    renew = Jobs.renew

    def counted(jobs: Jobs, job: Job) -> bool:
        nonlocal renewals
        renewals += 1
        if renewals == 2:
            raise OperationalError("x", {}, OSError("database is locked"))
        return renew(jobs, job)

    def slow(_job: Job, _alive: Callable[[], None]) -> None:
        deadline = time.monotonic() + 60
        while renewals < 20:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    monkeypatch.setattr(Jobs, "renew", counted)
    handler.act = slow
    add(database, "a")
    threads = threading.active_count()
    assert Worker(database, Jobs(database, lease=0.1), {"work": handler}).step()
    assert handler.written == ["done a"]
    assert rows(database) == []
    assert threading.active_count() == threads


def test_who_waits_for_work_looks_again_soon(worker: Worker) -> None:
    pauses: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            if len(pauses) == 50:
                self.set()
            return self.is_set()

    worker.work(Stop())
    assert 0 < max(pauses) <= 0.5


def test_the_kinds_are_done_in_the_handlers_order(database: Database, handler: Recorder) -> None:
    worker = Worker(database, Jobs(database), {"urgent": handler, "work": handler})
    add(database, "a")
    add(database, "b", "urgent")
    add(database, "c")
    add(database, "d", "urgent")
    while worker.step():
        pass
    assert handler.written == ["done b", "done d", "done a", "done c"]


def test_a_lost_lease_that_nobody_noticed(
    database: Database, worker: Worker, handler: Recorder
) -> None:
    def slow(_job: Job, _alive: Callable[[], None]) -> None:
        due_now(database)
        assert Jobs(database).claim() is not None

    handler.act = slow
    add(database, "a")
    worker.step()
    assert handler.written == []


def test_trouble_with_the_disk_is_waited_out(
    database: Database,
    worker: Worker,
    handler: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "_TROUBLE_SECONDS", 0.01)
    stop = threading.Event()
    claim = Jobs.claim
    failures = [OSError("disk is full"), OperationalError("x", {}, OSError("disk is full"))] * 2

    def troubled(jobs: Jobs, first: Sequence[str]) -> Job | None:
        if failures:
            raise failures.pop()
        job = claim(jobs, first)
        if job is None:
            stop.set()
        return job

    monkeypatch.setattr(Jobs, "claim", troubled)
    add(database, "a")
    worker.work(stop)
    assert handler.written == ["done a"]
    assert "have to wait" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_process_is_begun_again_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TROUBLE_SECONDS", 0.01)
    file = tmp_path / "begun"
    code = (
        f"import time; file = {str(file)!r}; open(file, 'a').write('x');"
        "time.sleep(0 if len(open(file).read()) < 3 else 60)"
    )
    process = WorkerProcess([sys.executable, "-c", code])
    process.start()
    deadline = time.monotonic() + 60
    while not (file.exists() and len(file.read_text()) >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    start = time.monotonic()
    process.stop()
    assert time.monotonic() - start < 10
    assert len(file.read_text()) == 3


def test_a_process_that_does_not_want_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STOP_SECONDS", 0.2)
    file = tmp_path / "ready"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(file)!r}, 'w'); time.sleep(60)"
    )
    process = WorkerProcess([sys.executable, "-c", code])
    process.start()
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.stop()
    assert time.monotonic() < deadline


def test_the_end_of_standard_input_ends_a_worker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended = threading.Event()
    monkeypatch.setattr("os._exit", lambda _code: ended.set())
    (tmp_path / "input").write_bytes(b"xy")
    with (tmp_path / "input").open() as given:
        monkeypatch.setattr("sys.stdin", given)
        end_with_the_parent()
        assert ended.wait(10)
