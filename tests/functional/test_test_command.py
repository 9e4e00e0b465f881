"""``wasmkit test`` as people and CI systems call it, with a real build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "tests/recordings/shop.har"
WASMKIT = [sys.executable, "-c", "from wasmkit.cli.main import entry_point; entry_point()"]


def wasmkit(
    *arguments: str | Path, cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WASMKIT, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__", "*.wasm")
    folder = shutil.copytree(
        ROOT / "filters/security-headers", tmp_path / "security-headers", ignore=ignore
    )
    (folder / "tests/pages.yaml").unlink()
    (folder / "recordings/pages.har").unlink()
    shutil.copy(SHOP, folder / "recordings")
    return folder


GOOD = """
expect:
  - all: true
    response:
      headers: {x-content-type-options: nosniff, server: null}
      body: {unchanged: true}
    upstream: {reached: true, body: {unchanged: true}}
"""
BAD = """
recording: shop.har
expect:
  - request: GET /sale
    response:
      status: 307
"""


def test_a_difference(project: Path) -> None:
    (project / "tests/good.yaml").write_text(GOOD)
    (project / "tests/bad.yaml").write_text(BAD)
    result = wasmkit("test", "--json", "--junit", "out.xml", cwd=project)
    assert result.returncode == 1, result.stderr
    report = json.loads(result.stdout)
    assert report["summary"]["passed"] == 18
    assert report["summary"]["failed"] == 1
    (run,) = report["runs"]
    assert run["expectations"] == ["bad.yaml", "good.yaml"]
    (failed,) = [each for each in run["exchanges"] if not each["passed"]]
    assert (failed["number"], failed["method"], failed["path"]) == (15, "GET", "/sale")
    (difference,) = failed["differences"]
    assert difference == {
        "field": "response.status",
        "expected": "307",
        "got": "302",
        "expectation": "bad.yaml:6",
        "detail": [],
    }
    suites = ET.parse(project / "out.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("19", "1")


def test_a_terminal_that_knows_only_ascii_and_another_recording(project: Path) -> None:
    (project / "tests/good.yaml").write_text(GOOD)
    chromium = SHOP.with_name("shop-chromium.har")
    result = wasmkit("test", "--recording", chromium, cwd=project, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == f"{chromium}  wasm, good.yaml"
    assert lines[1].startswith("  \\u2713   1 GET /  200  ")
    assert lines[-1].startswith("19 passed in ")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "tests/bad.yaml",
            "expect:\n  - request: GET /none\n    trap: false\n",
            "tests/bad.yaml:2: expect[0]: fits no exchange: GET /none\n  try: recorded are GET /",
        ),
        (
            "tests/bad.yaml",
            "expect:\n  - all: true\n    respons: {}\n",
            "tests/bad.yaml:3: expect[0].respons: unknown key\n  try: did you mean 'response'?",
        ),
        ("recordings/b.har", '{"log":\n}', "recordings/b.har:2: not valid JSON: Expecting value"),
    ],
    ids=["matches nothing", "unknown key", "no JSON"],
)
def test_what_the_user_wrote_wrongly(project: Path, file: str, text: str, message: str) -> None:
    (project / file).write_text(text)
    result = wasmkit("test", project, cwd=project)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_report_that_cannot_be_written(project: Path) -> None:
    result = wasmkit("test", "--junit", "none/out.xml", cwd=project)
    assert result.returncode == 2
    assert "none/out.xml: cannot be written: No such file or directory" in result.stderr
