from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from filter_project import make_project
from wasmkit.errors import InputError
from wasmkit.replay import ReplayRequest, RunPlayed, replay_project

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.progress import Event

SOURCE = """
    from wasmkit.sdk import HttpFilter

    class Tested(HttpFilter[None]):
        def on_response_headers(self, headers, end_of_stream):
            headers["x-new"] = "1"
"""
ENTRY = {
    "startedDateTime": "2026-11-03T09:00:00Z",
    "request": {"method": "GET", "url": "http://a.example/", "headers": []},
    "response": {"status": 200, "headers": [], "content": {"text": "tea"}},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    make_project(root, SOURCE)
    (root / "recordings").mkdir()
    (root / "tests").mkdir()
    (root / "recordings" / "a.har").write_text(json.dumps({"log": {"entries": [ENTRY]}}))
    return root


def expect(project: Path, value: str) -> None:
    text = f"expect:\n  - all: true\n    response: {{headers: {{x-new: '{value}'}}}}\n"
    (project / "tests" / "a.yaml").write_text(text)


@pytest.mark.parametrize(("value", "passed"), [("1", True), ("2", False)])
def test_each_run_is_told_and_returned(project: Path, value: str, *, passed: bool) -> None:
    expect(project, value)
    told: list[Event] = []
    junit = project / "report.xml"
    result = replay_project(ReplayRequest(project, "native", junit=junit), told.append)
    assert (result.name, result.version, result.engine) == ("tested", "0.1.0", "native")
    assert result.passed is passed
    assert [event.run for event in told if isinstance(event, RunPlayed)] == list(result.runs)
    assert (b"<failure" in junit.read_bytes()) is not passed


def test_a_report_that_cannot_be_written_is_named(project: Path) -> None:
    request = ReplayRequest(project, "native", junit=project / "none" / "report.xml")
    with pytest.raises(InputError, match=r"report\.xml: cannot be written"):
        replay_project(request)


def test_a_wrong_entry_is_found_before_anything_is_played(project: Path) -> None:
    (project / "src" / "filter.py").unlink()
    told: list[Event] = []
    with pytest.raises(InputError, match="there is no file"):
        replay_project(ReplayRequest(project, "native"), told.append)
    assert told == []
