import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolneeds import need_module

ROOT = Path(__file__).resolve().parents[2]
WASMKIT = [sys.executable, "-c", "from wasmkit.cli.main import entry_point; entry_point()"]
PROJECTS = ["hello", "json-check", "security-headers"]
ENGINES = ["native", "wasm", "envoy"]


def wasmkit(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WASMKIT, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def project(name: str, folder: Path) -> Path:
    """Return a copy of a project that a test may change."""
    if name == "hello":
        assert wasmkit("new", "hello", "--no-input", cwd=folder).returncode == 0
    else:
        ignore = shutil.ignore_patterns("__pycache__", "*.wasm")
        shutil.copytree(ROOT / "filters" / name, folder / name, ignore=ignore)
    return folder / name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_passes_its_own_tests(tmp_path: Path, name: str, engine: str) -> None:
    if engine == "envoy":
        need_module("envoy")
    result = wasmkit("test", project(name, tmp_path), "--engine", engine, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("hello", "= self.config.value", '= "other"'),
        ("json-check", "return self.refuse(400, fault) if fault else None", "return None"),
        ("json-check", "RecursionError", "KeyError"),
        ("json-check", "if len(result) != len(pairs):", "if False:"),
        ("security-headers", "if self.secure and", "if"),
        ("security-headers", "headers.remove(name)", "pass"),
    ],
)
def test_a_broken_filter_fails_them(tmp_path: Path, name: str, old: str, new: str) -> None:
    folder = project(name, tmp_path)
    source = folder / "src/filter.py"
    text = source.read_text(encoding="utf-8")
    assert text.count(old) == 1
    source.write_text(text.replace(old, new), encoding="utf-8")
    result = wasmkit("test", folder, "--engine", "native", cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert " failed" in result.stdout
    assert result.stderr == ""
