"""Looking at strangers' content in a child process that can do nothing else.

The child is another Python without environment, site packages' start-up files and user's folders;
it has limits on memory and time, no file, no socket and no process (see ``confined``). It ends
with its parent, and a parent waits for it no longer than the limit on the clock.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ChildDiedError", "Sandbox"]

_BOOT = (
    "import json, os, sys\n"
    "sys.path[:] = json.loads(sys.argv[2])\n"
    "from wasmkit_hub.platform.confined import main\n"
    "main(json.loads(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)\n"
    "os._exit(0)\n"
)
_STEP_SECONDS = 0.05
_LONGEST_ANSWER = 8 << 20
_PIECE = 1 << 20
_START_SECONDS = 30.0
"""What the child may take on top of its limit to start and to read what it is given."""


class ChildDiedError(Exception):
    """The child gave no answer; the text says why, for a page.

    ``again``: another attempt may go better. What exceeds a limit will do so each time.
    """

    def __init__(self, why: str, *, again: bool = False) -> None:
        super().__init__(why)
        self.again = again


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How much a child may take: bytes of memory, and seconds of a core and of the clock.

    ``alive`` is called often while it runs; what it raises ends the child.
    """

    memory: int
    seconds: float
    alive: Callable[[], None] = field(default=lambda: None)

    def run(
        self, task: str, options: dict[str, str], parts: Sequence[tuple[BinaryIO, int]]
    ) -> dict[str, Any]:
        """Have a task (see ``confined.Task``, by its module's name) look at the parts' bytes.

        Raises ``ChildDiedError`` if no answer comes, whatever the reason.
        """
        request = {
            "task": task,
            "options": options,
            "sizes": [size for _, size in parts],
            "memory": self.memory,
            "seconds": int(self.seconds),
        }
        command = [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(request)]
        with subprocess.Popen(
            [*command, json.dumps(sys.path)],
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as child:
            talk = _Talk(child, parts)
            try:
                self._wait(child, talk)
            finally:
                child.kill()
                talk.end()
        return _answer(child, talk)

    def _wait(self, child: subprocess.Popen[bytes], talk: _Talk) -> None:
        deadline = time.monotonic() + self.seconds + _START_SECONDS
        started = None
        while True:
            try:
                child.wait(_STEP_SECONDS)
            except subprocess.TimeoutExpired:
                self.alive()
            else:
                return
            now = time.monotonic()
            if talk.fed.is_set() and started is None:
                started = now
                deadline = min(deadline, now + self.seconds)
            if now > deadline:
                raise ChildDiedError(f"it takes longer than {self.seconds:g} s")
            if talk.too_long.is_set():
                raise ChildDiedError(f"what comes of it is longer than {_LONGEST_ANSWER >> 20} MiB")


class _Talk:
    """Feeds a child and reads its answer, each in a thread, so that neither waits for the other."""

    def __init__(
        self, child: subprocess.Popen[bytes], parts: Sequence[tuple[BinaryIO, int]]
    ) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self.fed = threading.Event()
        self.too_long = threading.Event()
        self.answer = bytearray()
        self._threads = [
            threading.Thread(target=self._feed, args=(child.stdin, parts), daemon=True),
            threading.Thread(target=self._read, args=(child.stdout,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        for thread in self._threads:
            thread.join()

    def _feed(self, target: Any, parts: Sequence[tuple[BinaryIO, int]]) -> None:
        try:
            for source, size in parts:
                left = size
                while left and (piece := source.read(min(left, _PIECE))):
                    target.write(piece)
                    left -= len(piece)
            target.flush()
        except OSError:
            return  # the child has gone; its end says why
        self.fed.set()

    def _read(self, source: Any) -> None:
        while piece := source.read1(_PIECE):
            self.answer += piece
            if len(self.answer) > _LONGEST_ANSWER:
                self.too_long.set()
                return


def _answer(child: subprocess.Popen[bytes], talk: _Talk) -> dict[str, Any]:
    if child.returncode:
        raise ChildDiedError(_end_of(child.returncode), again=child.returncode != -signal.SIGXCPU)
    try:
        answer = json.loads(bytes(talk.answer))
    except ValueError:
        raise ChildDiedError("what looked at it broke off", again=True) from None
    if not isinstance(answer, dict):
        raise ChildDiedError("what looked at it answered nonsense")
    if "died" in answer:
        raise ChildDiedError(str(answer["died"])[:500])
    return answer


def _end_of(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "it takes more time of a core than it is given"
    if code < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"what looked at it crashed ({names.get(-code, -code)})"
    return f"what looked at it broke off (status {code})"
