"""What becomes Envoy dies with its parent; here it becomes sleep."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import wasmkit.envoy

LAUNCH = Path(wasmkit.envoy.__file__).parent / "_launch.py"
COMMAND = [sys.executable, "-I", "-S", str(LAUNCH)]


def test_it_becomes_the_program() -> None:
    program = shutil.which("echo")
    assert program is not None
    arguments = [*COMMAND, str(os.getpid()), program, "a b", "", "*"]
    done = subprocess.run(arguments, capture_output=True, check=True, timeout=30)
    assert done.stdout == b"a b  *\n"


def test_it_ends_where_the_parent_is_gone() -> None:
    program = shutil.which("echo")
    assert program is not None
    done = subprocess.run(
        [*COMMAND, "1", program, "x"], capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_it_dies_with_its_parent() -> None:
    program = shutil.which("sleep")
    parent = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([*{COMMAND!r}, str(os.getpid()), {program!r}, '100'])\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        _wait(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
        process.kill()
    _wait(lambda: _gone(child))


def _gone(process: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def _wait(condition: object) -> None:
    assert callable(condition)
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)
