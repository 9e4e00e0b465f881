"""The process that does the jobs, and the hub's side that keeps it running.

It is a process of its own so that no request waits for a job, and it looks at nothing that
strangers pushed: that is what the child in ``sandbox`` is for. It ends with the hub that started
it, however that ends: its standard input is a pipe that nobody else holds.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from wasmkit_hub.platform.database import Database
    from wasmkit_hub.platform.jobs import Job, Jobs

    Result = Callable[[Session], None]
    """Writes what came of a job, in the transaction that ends it."""

__all__ = [
    "Handler",
    "JobFailedError",
    "LeaseLostError",
    "Worker",
    "WorkerProcess",
    "end_with_the_parent",
]

_LOG = logging.getLogger(__name__)
_IDLE_SECONDS = 0.2
_TROUBLE_SECONDS = 2.0
_STOP_SECONDS = 3.0


class JobFailedError(Exception):
    """A job could not be done; the text says why, for those who wait for it.

    ``again``: another attempt may go better.
    """

    def __init__(self, why: str, *, again: bool = True) -> None:
        super().__init__(why)
        self.again = again


class LeaseLostError(Exception):
    """Someone else has the job by now, or nobody wants it any more."""


class Handler(Protocol):
    """Does one kind of job. It may be begun several times, also at one time (see ``Jobs``)."""

    def run(self, job: Job, alive: Callable[[], None]) -> Result:
        """Do it and return what to write; raises ``JobFailedError`` to have it tried again.

        ``alive`` says whether the job is still this worker's; what it raises must pass. It is to
        be called where a long wait can be broken off.
        """
        ...

    def give_up(self, job: Job, reason: str) -> Result:
        """Return what to write about a job that failed as often as is allowed."""
        ...


class Worker:
    """Claims jobs and has them done, one at a time; the kinds of ``handlers`` in their order."""

    def __init__(self, database: Database, jobs: Jobs, handlers: Mapping[str, Handler]) -> None:
        self._database = database
        self._jobs = jobs
        self._handlers = handlers

    def work(self, stop: threading.Event) -> None:
        """Do jobs until told to stop; trouble with the database or the disk is waited out."""
        trouble = ""
        while not stop.is_set():
            try:
                pause = 0.0 if self.step() else _IDLE_SECONDS
                trouble = ""
            except (OSError, SQLAlchemyError) as exc:  # a full disk, say: it may pass
                if str(exc) != trouble:
                    trouble = str(exc)
                    _LOG.warning("the hub's jobs have to wait: %s", trouble.partition("\n")[0])
                pause = _TROUBLE_SECONDS
            stop.wait(pause)

    def step(self) -> bool:
        """Do one job; returns whether there was one."""
        job = self._jobs.claim([*self._handlers])
        if job is None:
            return False
        handler = self._handlers.get(job.kind)
        if handler is None:  # another version of the hub works on the same folder, or did
            with self._database.write() as session:
                self._jobs.bury(session, job, "this version of the hub does not know such jobs")
        elif job.is_spent:
            self._give_up(handler, job, job.error or "what worked on it was killed each time")
        else:
            self._do(handler, job)
        return True

    def _do(self, handler: Handler, job: Job) -> None:
        with self._held(job) as alive:
            try:
                result = handler.run(job, alive)
            except LeaseLostError:
                return
            except JobFailedError as exc:
                self._failed(handler, job, str(exc), again=exc.again)
                return
            except Exception:  # noqa: BLE001  # a bug here must not end all other jobs
                _LOG.exception("job %s of %s", job.kind, job.subject)
                self._failed(handler, job, "the hub failed at it; its log says more")
                return
            with self._database.write() as session:
                if self._jobs.finish(session, job):
                    result(session)

    @contextmanager
    def _held(self, job: Job) -> Iterator[Callable[[], None]]:
        """Renew a job's lease until the block ends, whatever it waits for.

        Gives what raises ``LeaseLostError`` once someone else has the job.
        """
        ended, lost = threading.Event(), threading.Event()

        def renew() -> None:
            while not ended.wait(self._jobs.lease / 3):
                try:
                    if not self._jobs.renew(job):
                        lost.set()
                        return
                except (OSError, SQLAlchemyError):
                    continue  # trouble that may pass before the lease runs out

        def alive() -> None:
            if lost.is_set():
                raise LeaseLostError

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield alive
        finally:
            ended.set()
            thread.join()

    def _failed(self, handler: Handler, job: Job, reason: str, *, again: bool = True) -> None:
        if again and not job.is_last:
            self._jobs.fail(job, reason)
        else:
            self._give_up(handler, job, reason)

    def _give_up(self, handler: Handler, job: Job, reason: str) -> None:
        _LOG.warning("job %s of %s is given up: %s", job.kind, job.subject, reason)
        result = handler.give_up(job, reason)
        with self._database.write() as session:
            if self._jobs.bury(session, job, reason):
                result(session)


class WorkerProcess:
    """A worker's process, begun again whenever it ends, until ``stop``."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the process; returns when it has ended."""
        self._stopped.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()
        self._thread.join()

    @property
    def pid(self) -> int | None:
        """The process's number; None before it has begun."""
        return None if self._process is None else self._process.pid

    def _supervise(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                if self._stopped.is_set():
                    return
                # Not in the terminal's foreground group: Ctrl-C is for the hub, which ends this.
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, start_new_session=True
                )
            with self._process as process:
                self._wait(process)
            if not self._stopped.is_set():
                _LOG.warning("the hub's worker ended (%s) and is begun again", process.returncode)
                self._stopped.wait(_TROUBLE_SECONDS)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if not self._stopped.wait(0.1):
                continue
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def end_with_the_parent() -> None:
    """End this process when its standard input ends: whoever started it is gone then."""

    def wait() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
