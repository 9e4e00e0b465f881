"""Work that is done after a request has been answered: a queue in the hub's own database.

A job is added in the transaction that makes it necessary, so neither is there without the other.
Whoever claims one holds it by a lease that runs out unless it is renewed: the job of a process
that was killed is claimed again, by anyone. A job that ended is deleted; one that failed as often
as is allowed stays, dead, to be looked at.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, case, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from wasmkit_hub.platform.database import Base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmkit_hub.platform.database import Database

__all__ = ["ATTEMPTS", "LEASE_SECONDS", "Job", "JobRow", "Jobs", "enqueue"]

ATTEMPTS = 3
"""How often a job is begun before it is given up."""
LEASE_SECONDS = 15.0
"""After so long the job of a process that was killed is claimed again."""
_FIRST_PAUSE = 1.0
"""Seconds until a failed job is tried again; four times as long after each failure."""
_MOST_DEAD = 1000
"""Dead jobs that are kept; the oldest go."""
_LONGEST_ERROR = 2000


class JobRow(Base):
    """A job that waits, runs or is dead."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("jobs_by_time", "dead", "run_at"),
        Index("jobs_by_subject", "kind", "subject"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str]
    subject: Mapped[str]
    """What it is about, for the one who reads the list; two that wait for the same are one."""
    payload: Mapped[dict[str, str]]
    attempts: Mapped[int]
    """How often it was begun."""
    run_at: Mapped[float]
    """Not before this time; while it runs, the end of its lease."""
    holder: Mapped[str]
    """Who runs it; empty if nobody."""
    error: Mapped[str]
    """Why it failed the last time."""
    dead: Mapped[bool]
    created_at: Mapped[float]


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has been claimed; ``attempt`` counts from 1."""

    id: int
    kind: str
    subject: str
    payload: dict[str, str]
    attempt: int
    holder: str
    error: str

    @property
    def is_last(self) -> bool:
        """Whether it is given up if it fails now."""
        return self.attempt >= ATTEMPTS

    @property
    def is_spent(self) -> bool:
        """Whether it was begun as often as is allowed and killed whoever ran it, each time."""
        return self.attempt > ATTEMPTS


def enqueue(session: Session, kind: str, subject: str, payload: dict[str, str]) -> None:
    """Add a job in the caller's transaction, unless the same one waits to be begun already."""
    waiting = select(JobRow.id).where(
        JobRow.kind == kind,
        JobRow.subject == subject,
        JobRow.holder == "",
        JobRow.dead.is_(False),
    )
    if session.scalars(waiting.limit(1)).first() is not None:
        return
    now = time.time()
    session.add(
        JobRow(
            kind=kind,
            subject=subject,
            payload=payload,
            attempts=0,
            run_at=now,
            holder="",
            error="",
            dead=False,
            created_at=now,
        )
    )


class Jobs:
    """The queue, as those see it who do the work; ``lease`` is in seconds."""

    def __init__(self, database: Database, *, lease: float = LEASE_SECONDS) -> None:
        self._database = database
        self.lease = lease

    def claim(self, first: Sequence[str] = ()) -> Job | None:
        """Take the job that has waited longest, or whose holder has gone; None if there is none.

        Jobs of the kinds in ``first`` go before all others, in that order.
        """
        ranks = {kind: rank for rank, kind in enumerate(first)}
        order = [case(ranks, value=JobRow.kind, else_=len(ranks))] if ranks else []
        now = time.time()
        due = (JobRow.dead.is_(False), JobRow.run_at <= now)
        with self._database.read() as session:  # nearly always nothing: no lock for that
            if session.scalars(select(JobRow.id).where(*due).limit(1)).first() is None:
                return None
        with self._database.write() as session:
            row = session.scalars(
                select(JobRow)
                .where(*due)
                .order_by(*order, JobRow.run_at, JobRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            row.holder = secrets.token_hex(8)
            row.attempts += 1
            # From now, not from before the wait for the lock: that may have lasted a lease.
            row.run_at = time.time() + self.lease
            return Job(
                id=row.id,
                kind=row.kind,
                subject=row.subject,
                payload=row.payload,
                attempt=row.attempts,
                holder=row.holder,
                error=row.error,
            )

    def renew(self, job: Job) -> bool:
        """Hold a job for another ``lease``; False if someone else has it by now."""
        with self._database.write() as session:
            renewed = update(JobRow).values(run_at=time.time() + self.lease)
            return _changed(session, renewed.where(*_held(job)))

    def finish(self, session: Session, job: Job) -> bool:
        """End a job in the transaction that writes its result.

        False if someone else has it by now: then there is nothing to write.
        """
        return _changed(session, delete(JobRow).where(*_held(job)))

    def fail(self, job: Job, error: str) -> None:
        """Put a job back, to be tried again after a pause."""
        pause = _FIRST_PAUSE * 4 ** (job.attempt - 1)
        with self._database.write() as session:
            back = update(JobRow).values(
                holder="", run_at=time.time() + pause, error=error[:_LONGEST_ERROR]
            )
            session.execute(back.where(*_held(job)))

    def bury(self, session: Session, job: Job, error: str) -> bool:
        """Give a job up, in the transaction that writes what follows; False as ``finish``."""
        dead = update(JobRow).values(holder="", dead=True, error=error[:_LONGEST_ERROR])
        if not _changed(session, dead.where(*_held(job))):
            return False
        newest = select(JobRow.id).where(JobRow.dead.is_(True)).order_by(JobRow.id.desc())
        too_old = session.scalars(newest.offset(_MOST_DEAD)).all()
        session.execute(delete(JobRow).where(JobRow.id.in_(too_old)))
        return True

    def counts(self) -> dict[str, int]:
        """Return how many jobs are ``waiting``, ``running`` and ``dead``."""
        alive = JobRow.dead.is_(False)
        kinds = {
            "waiting": (alive, JobRow.holder == ""),
            "running": (alive, JobRow.holder != ""),
            "dead": (JobRow.dead.is_(True),),
        }
        with self._database.read() as session:
            return {
                name: session.scalars(select(func.count(JobRow.id)).where(*which)).one()
                for name, which in kinds.items()
            }

    def dead(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest dead jobs as JSON values."""
        query = select(JobRow).where(JobRow.dead.is_(True)).order_by(JobRow.id.desc())
        with self._database.read() as session:
            return [
                {
                    "kind": row.kind,
                    "subject": row.subject,
                    "error": row.error,
                    "created_at": row.created_at,
                }
                for row in session.scalars(query.limit(limit))
            ]


def _held(job: Job) -> tuple[Any, Any]:
    return JobRow.id == job.id, JobRow.holder == job.holder


def _changed(session: Session, statement: Any) -> bool:
    # Not the driver's count of rows: it is not the same with every database.
    found: Any = session.execute(statement.returning(JobRow.id)).first()
    return found is not None
