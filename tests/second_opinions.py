"""Other people's readers, makers and compilers of modules, to compare ours with."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from toolneeds import need_module, need_program

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["SMITH_FEATURES", "compile_c", "objdump", "printed", "smith"]

SMITH_FEATURES = (
    *("bulk-memory", "exceptions", "extended-const", "gc", "memory64", "multi-value"),
    *("reference-types", "relaxed-simd", "saturating-float-to-int", "sign-extension-ops"),
    *("simd", "tail-call", "threads", "wide-arithmetic", "custom-page-sizes"),
)
"""What wasm-smith can be told to use or to leave, by its own names."""


def _output(arguments: Iterable[str], data: bytes) -> bytes:
    command = [str(need_program("wasm-tools")), *arguments]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def printed(data: bytes) -> str:
    """Return a module as text."""
    return _output(["print", "-"], data).decode()


def objdump(data: bytes) -> dict[str, tuple[int, int, int]]:
    """Return the sections by name: start, end and number of items."""
    line = re.compile(r"\s*(.+?)\s+\|\s+0x(\w+) -\s+0x(\w+) \|\s+\d+ bytes \| (\d+) count")
    rows = map(line.fullmatch, _output(["objdump", "-"], data).decode().splitlines())
    return {r[1]: (int(r[2], 16), int(r[3], 16), int(r[4])) for r in rows if r is not None}


def smith(seed: bytes, features: Iterable[str]) -> bytes:
    """Make a valid module of random bytes, with at most these of the features."""
    chosen = set(features)
    switches = [
        f"--{name}-enabled={str(name in chosen).lower()}"
        for name in (*SMITH_FEATURES, "compact-imports", "custom-descriptors")
    ]
    return _output(["smith", *switches, "--max-memories", "2", "--min-funcs", "3"], seed)


def compile_c(folder: Path, source: str, *options: str) -> bytes:
    """Compile a C file to a module without a C library."""
    need_module("ziglang")
    (folder / "m.c").write_text(source)
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi"]
    command = [*compiler, "-nostdlib", "-O2", "-Wl,--no-entry", *options, "m.c", "-o", "m.wasm"]
    subprocess.run(command, cwd=folder, check=True, timeout=120, capture_output=True)
    return (folder / "m.wasm").read_bytes()
