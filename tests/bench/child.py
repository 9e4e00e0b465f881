"""Programs that are measured: started, observed from outside, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wasmkit.envoy import _launch
from wasmkit.errors import CheckFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Child", "child", "timed"]

_STOP_SECONDS = 10.0
_EXEC_SECONDS = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A running program; ``started`` is the ``time.perf_counter()`` of its exec.

    Raises ``CheckFailedError`` if it does not start.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log
        self._proc = Path("/proc") / str(process.pid)
        self.started = self._wait_for_exec()

    def check(self) -> None:
        """Raise ``CheckFailedError`` if the program has ended."""
        code = self._process.poll()
        if code is not None:
            last = self._log.read_text(errors="replace").strip().splitlines()[-5:]
            raise CheckFailedError(
                f"{self._process.args!r} ended with {code}", hint=" / ".join(last)
            )

    def memory(self, kind: str) -> float:
        """Return bytes of resident memory: ``VmRSS`` now, ``VmHWM`` at most so far."""
        for line in (self._proc / "status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == kind:
                return float(value.split()[0]) * 1024
        raise CheckFailedError(f"the kernel tells no {kind} of {self._process.args!r}")

    def cpu_seconds(self) -> float:
        """Return the time that all threads have spent on a core, in user and kernel mode."""
        # proc_pid_stat(5): fields are counted from 1; the second may hold spaces.
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[14 - 3]) + int(fields[15 - 3])) / _TICKS

    def _wait_for_exec(self) -> float:
        """Wait until the launcher has become the program itself."""
        deadline = time.perf_counter() + _EXEC_SECONDS
        # In the midst of an exec the command line is empty.
        while not (command := self._command()) or str(_launch.__file__).encode() in command:
            self.check()
            if time.perf_counter() > deadline:
                raise CheckFailedError(f"{self._process.args!r} does not start")
            time.sleep(0.0005)
        return time.perf_counter()

    def _command(self) -> bytes:
        return (self._proc / "cmdline").read_bytes()


@contextmanager
def child(command: Sequence[str], log: Path) -> Iterator[Child]:
    """Run a program with its output in ``log``; it dies with this process."""
    launcher = (sys.executable, "-I", "-S", str(_launch.__file__), str(os.getpid()))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Child(process, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def timed(command: Sequence[str], folder: Path, **environment: str) -> float:
    """Run a program to its end in ``folder`` and return the seconds.

    Raises ``CheckFailedError`` if it fails. When this process is told to end, the program and
    what it has started end at once; what they leave lying is in ``folder``.
    """
    # With VIRTUAL_ENV componentize-py would search that environment's packages too.
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    before = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=inherited | {"TMPDIR": str(folder)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    elapsed = time.perf_counter() - before
    if process.returncode:
        last = output.strip().splitlines()[-5:]
        raise CheckFailedError(
            f"{' '.join(command)} ended with exit code {process.returncode}", hint=" / ".join(last)
        )
    return elapsed
