"""The inside of the child process in which strangers' content is looked at (see ``sandbox``).

What comes in is read first and what is needed is imported first; then the process gives up
everything that it can give up, and only then it looks at the content.
"""

from __future__ import annotations

import importlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Task", "main", "restrict"]


class Task(Protocol):
    """A module that does one kind of work in the child."""

    def prepare(self) -> None:
        """Load everything that the work needs: after this nothing can be opened."""
        ...

    def run(self, options: dict[str, str], parts: Sequence[bytes]) -> dict[str, Any]:
        """Do the work and return what JSON can express."""
        ...


def restrict(memory: int, seconds: int) -> None:  # pragma: no cover  no file can be written after
    """Give up what an unprivileged process can: memory, time, files, sockets and processes.

    Without a free descriptor nothing can be opened and no socket made. This is the one place that
    depends on the system: what a system does not have is left out.
    """
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CPU": seconds,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 0,
    }
    for name, value in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        try:
            _, highest = resource.getrlimit(kind)
            most = value if highest == resource.RLIM_INFINITY else min(value, highest)
            # At the first limit of a core's time comes a signal that tells why, a second later
            # one that nothing survives.
            resource.setrlimit(kind, (most, most + 1 if name == "RLIMIT_CPU" else most))
        except (OSError, ValueError):
            continue


def _end_with_the_parent(source: BinaryIO) -> None:
    """Wait for the end of the input, which comes when the parent closes it or dies."""
    source.read(1)
    os._exit(1)


def main(request: dict[str, Any], source: BinaryIO, target: BinaryIO) -> None:
    """Do what the request asks for, and write one JSON object."""
    task = cast("Task", importlib.import_module(request["task"]))
    task.prepare()
    parts = [source.read(size) for size in request["sizes"]]
    threading.Thread(target=_end_with_the_parent, args=(source,), daemon=True).start()
    restrict(request["memory"], request["seconds"])
    try:
        answer = task.run(request["options"], parts)
    except MemoryError:
        answer = {"died": "it needs more memory than it is given"}
    except RecursionError:
        answer = {"died": "it is nested too deeply"}
    except Exception as exc:  # noqa: BLE001  # whatever it is, it is an answer about this content
        answer = {"died": f"{type(exc).__name__}: {exc}"[:500]}
    target.write(json.dumps(answer).encode())
    target.flush()
