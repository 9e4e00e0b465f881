from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from filter_project import make_project
from wasmkit.errors import InputError
from wasmkit.toolchain.python import Python
from wasmkit.toolchain.python.cache import image_key

if TYPE_CHECKING:
    from pathlib import Path


def test_its_key_is_the_images() -> None:
    assert Python().cache_key == image_key()
    assert re.fullmatch(r"[0-9a-f]{32,}", image_key())


def test_checking_a_project_is_quick_and_runs_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path / "a", "raise SystemExit(1)\nclass Tested: ...\n")
    Python().check(project)
    absent = make_project(tmp_path / "b", "", entry="nowhere:Tested")
    with pytest.raises(InputError, match="nowhere"):
        Python().check(absent)


def test_importing_it_loads_no_compiler() -> None:
    code = "import sys, wasmkit.toolchain.python; print('wasmtime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False\n"
