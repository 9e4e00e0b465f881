"""What a test needs from outside: missing on a user's machine it skips, in CI it fails."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE = "WASMKIT_REQUIRE_TOOLS"


def _missing(what: str) -> NoReturn:
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{what} is missing, and {REQUIRE}=1 forbids skipping")
    pytest.skip(f"{what} is not installed")


def need_program(name: str) -> Path:
    """Return where the program is (PATH, then .tools/bin), or skip."""
    tools = Path(__file__).resolve().parent.parent / ".tools" / "bin"
    found = shutil.which(name) or shutil.which(name, path=str(tools))
    if found is None:
        _missing(f"the program {name}")
    return Path(found)


def need_module(name: str) -> None:
    """Skip unless the Python module can be imported."""
    if importlib.util.find_spec(name) is None:
        _missing(f"the Python module {name}")
