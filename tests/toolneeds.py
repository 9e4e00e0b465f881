"""What a test needs from outside: missing on a user's machine it skips, in CI it fails."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE = "WASMKIT_REQUIRE_TOOLS"


def _missing(what: str) -> NoReturn:
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{what} is missing, and {REQUIRE}=1 forbids skipping")
    pytest.skip(f"{what} is not installed")


def need_program(name: str) -> Path:
    """Return where the program is (this Python's folder, PATH, .tools/bin), or skip."""
    tools = Path(__file__).resolve().parent.parent / ".tools" / "bin"
    # A virtual environment that is used without being activated is not on PATH.
    places = (str(Path(sys.executable).parent), None, str(tools))
    found = next(filter(None, (shutil.which(name, path=place) for place in places)), None)
    if found is None:
        _missing(f"the program {name}")
    return Path(found)


def need_module(name: str) -> None:
    """Skip unless the Python module can be imported."""
    if importlib.util.find_spec(name) is None:
        _missing(f"the Python module {name}")
