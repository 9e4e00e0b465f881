"""The child from outside: what it answers, and every way in which it can fail to."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from wasmkit_hub.platform.sandbox import ChildDiedError, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MIB = 1 << 20
TASK = """
import os, signal, time
def prepare(): pass
def run(options, parts):
    {code}
"""


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Make a task of some code and return its module's name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(code: str) -> str:
        (tmp_path / "child_task.py").write_text(TASK.format(code=code))
        return "child_task"

    return make


def test_answer(task: Callable[[str], str]) -> None:
    code = "return {'n': [len(part) for part in parts], 'env': dict(os.environ), **options}"
    parts = [(io.BytesIO(b"x" * 3_000_000), 3_000_000), (io.BytesIO(b"yz"), 2)]
    answer = Sandbox(512 * MIB, 20).run(task(code), {"a": "b"}, parts)
    assert answer.pop("env").keys() <= {"LC_CTYPE"}
    assert answer == {"n": [3_000_000, 2], "a": "b"}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise ValueError('odd')", "ValueError: odd"),
        ("return {'x': bytearray(2 << 30)}", "more memory"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "crashed .SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed .SIGSEGV"),
        ("os._exit(3)", "status 3"),
        ("os._exit(0)", "broke off"),
        ("os.write(1, b'[]'); os._exit(0)", "nonsense"),
        ("return {'x': 'y' * (9 << 20)}", "longer than 8 MiB"),
        ("time.sleep(60)", "longer than 1 s"),
        ("while True: pass", "takes (more|longer)"),
    ],
)
def test_no_answer(task: Callable[[str], str], code: str, why: str) -> None:
    start = time.monotonic()
    with pytest.raises(ChildDiedError, match=why) as caught:
        Sandbox(512 * MIB, 1).run(task(code), {}, [])
    assert caught.value.again == bool(re.match("crash|status|broke", why))
    assert time.monotonic() - start < 20


def test_a_task_that_does_not_exist() -> None:
    with pytest.raises(ChildDiedError, match="status 1"):
        Sandbox(512 * MIB, 5).run("no_such_task", {}, [(io.BytesIO(bytes(MIB)), MIB)])


def test_a_part_that_is_shorter_than_announced(task: Callable[[str], str]) -> None:
    with pytest.raises(ChildDiedError):
        Sandbox(512 * MIB, 1).run(task("return {}"), {}, [(io.BytesIO(b"x"), 10)])


def test_what_alive_raises_ends_the_child(task: Callable[[str], str]) -> None:
    def gone() -> None:
        raise InterruptedError

    start = time.monotonic()
    with pytest.raises(InterruptedError):
        Sandbox(512 * MIB, 60, gone).run(task("time.sleep(60)"), {}, [])
    assert time.monotonic() - start < 20


def test_the_child_ends_with_its_parent(task: Callable[[str], str], tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    name = task("time.sleep(120)")
    (tmp_path / "child_task.py").write_text(
        (tmp_path / "child_task.py")
        .read_text()
        .replace(
            "def prepare(): pass",
            f"def prepare(): open({str(pid_file)!r}, 'w').write(str(os.getpid()))",
        )
    )
    code = (
        "from wasmkit_hub.platform.sandbox import Sandbox\n"
        f"Sandbox(1 << 29, 120).run({name!r}, {{}}, [])\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}
    ) as parent:
        deadline = time.monotonic() + 30
        while not (pid_file.exists() and pid_file.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        parent.kill()
    pid = int(pid_file.read_text())
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  a name of the system's
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
