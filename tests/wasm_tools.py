"""The Bytecode Alliance's ``wasm-tools``: an assembler and a validator that are not ours."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from toolneeds import need_program

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PHASES", "assemble", "lowest_features", "validation_error"]

PHASES = (
    "mutable-global",
    "sign-extension",
    "saturating-float-to-int",
    "bulk-memory",
    "multi-value",
    "reference-types",
    "extended-const",
    "simd",
    "tail-call",
    "threads",
    "memory64",
    "multi-memory",
    "exceptions",
    "function-references",
    "gc",
)
"""What has been added to WebAssembly 1.0, by wasm-tools' names, oldest first."""


def _run(command: str, *arguments: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    program = str(need_program("wasm-tools"))
    return subprocess.run(
        [program, command, *arguments, "-"], input=data, capture_output=True, check=False
    )


def assemble(text: str) -> bytes:
    """Return the binary of a module's or a component's text."""
    result = _run("parse", data=text.encode())
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


def validation_error(module: bytes, features: Iterable[str]) -> str:
    """Return why a module is not valid with WebAssembly 1.0 and these features, or nothing."""
    listed = ",".join(("mvp", *features))
    result = _run("validate", f"--features={listed}", data=module)
    return result.stderr.decode() if result.returncode else ""


def lowest_features(module: bytes) -> set[str]:
    """Return the features of ``PHASES`` without which a module is not valid."""
    assert validation_error(module, PHASES) == ""
    return {
        left_out
        for left_out in PHASES
        if validation_error(module, [each for each in PHASES if each != left_out])
    }
