"""A second opinion on modules: wasm-tools, another reader and validator of the binary format."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from toolneeds import need_module, need_program

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SMITH_FEATURES",
    "compile_c",
    "objdump",
    "parse",
    "printed",
    "smith",
    "validation_error",
]

# Parts of WebAssembly that are no feature of their own here: floats, and the split of a proposal.
_ALWAYS = "-all,floats,gc-types"


def _tool() -> str:
    beside = Path(sys.executable).with_name("wasm-tools")
    return str(beside if beside.exists() else need_program("wasm-tools"))


def _run(arguments: Iterable[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [_tool(), *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)


def _output(arguments: Iterable[str], data: bytes) -> bytes:
    done = _run(arguments, data)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def parse(text: str) -> bytes:
    """Make a module of its text."""
    return _output(["parse", "-"], text.encode())


def printed(data: bytes) -> str:
    """Return a module as text."""
    return _output(["print", "-"], data).decode()


def validation_error(data: bytes, features: Iterable[str]) -> str:
    """Return why a module is invalid with these features and no others, "" if it is valid."""
    done = _run(["validate", "-", f"--features={','.join([_ALWAYS, *features])}"], data)
    return done.stderr.decode() if done.returncode else ""


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


SMITH_FEATURES = (
    *("bulk-memory", "exceptions", "extended-const", "gc", "memory64", "multi-value"),
    *("reference-types", "relaxed-simd", "saturating-float-to-int", "sign-extension-ops"),
    *("simd", "tail-call", "threads", "wide-arithmetic", "custom-page-sizes"),
)


def compile_c(folder: Path, source: str, *options: str) -> bytes:
    """Compile a C file to a module without a C library."""
    need_module("ziglang")
    (folder / "m.c").write_text(source)
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi"]
    command = [*compiler, "-nostdlib", "-O2", "-Wl,--no-entry", *options, "m.c", "-o", "m.wasm"]
    subprocess.run(command, cwd=folder, check=True, timeout=120, capture_output=True)
    return (folder / "m.wasm").read_bytes()
