"""``wasmkit hub serve`` as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE = "import sys; from wasmkit.cli.main import run; sys.exit(run(sys.argv[1:]))"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", CODE, "hub", "serve", *map(str, arguments)]


@contextmanager
def serving(data: Path, listen: str = "127.0.0.1:0") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with subprocess.Popen(
        command("--listen", listen, "--data", data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("hub"), process.stderr and process.stderr.read()
            yield line.split()[1], process
        finally:
            process.kill()
