"""What the child gives up, and how it answers."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from wasmkit_hub.platform import confined

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE = """
import sys, json, os, socket, threading
sys.path[:] = json.loads(sys.argv[1])
from wasmkit_hub.platform.confined import restrict
restrict(512 << 20, 5)
try:
    {code}
except BaseException as error:
    print(type(error).__name__)
else:
    print("done")
"""


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("open('/etc/hostname')", "OSError"),
        ("socket.socket()", "OSError"),
        ("os.pipe()", "OSError"),
        ("bytearray(600 << 20)", "MemoryError"),
        ("sum(range(10))", "done"),
    ],
)
def test_what_is_given_up(code: str, printed: str) -> None:
    command = [sys.executable, "-c", PROBE.format(code=code), json.dumps(sys.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == printed, done.stderr


def raises(error: BaseException) -> Callable[..., dict[str, Any]]:
    def run(_options: dict[str, str], _parts: list[bytes]) -> dict[str, Any]:
        raise error

    return run


@pytest.mark.parametrize(
    ("run", "answer"),
    [
        (lambda options, parts: {**options, "n": len(parts[1])}, {"a": "b", "n": 3}),
        (raises(MemoryError()), {"died": "it needs more memory than it is given"}),
        (raises(RecursionError()), {"died": "it is nested too deeply"}),
        (raises(ValueError("odd")), {"died": "ValueError: odd"}),
    ],
    ids=["answer", "memory", "depth", "bug"],
)
def test_answers(
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., dict[str, Any]],
    answer: dict[str, Any],
) -> None:
    task = types.ModuleType("a_task")
    task.prepare = lambda: None  # type: ignore[attr-defined]  # a task for this test
    task.run = run  # type: ignore[attr-defined]  # as above
    monkeypatch.setitem(sys.modules, "a_task", task)
    monkeypatch.setattr(confined, "restrict", lambda *_: None)
    monkeypatch.setattr("os._exit", lambda _: None)
    target = io.BytesIO()
    request = {"task": "a_task", "sizes": [0, 3], "options": {"a": "b"}, "memory": 0, "seconds": 0}
    confined.main(request, io.BytesIO(b"xyz"), target)
    assert json.loads(target.getvalue()) == answer
