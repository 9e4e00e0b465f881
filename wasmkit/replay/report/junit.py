"""The report as JUnit XML, as Jenkins, GitLab and GitHub's actions read it.

A run is a test suite, an exchange a test case. XML 1.0 has no place for most control characters;
they are written as escapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from wasmkit.http.message import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmkit.engines.engine import Log
    from wasmkit.replay.result import Difference, ExchangeResult, Run

__all__ = ["junit_report"]

# What is not a Char of XML 1.0 (2.2).
_NO_CHAR = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(runs: Sequence[Run], *, name: str) -> bytes:
    """Return the report of a filter's runs as an XML document in UTF-8."""
    total = sum(len(run.results) for run in runs)
    failed = sum(run.failed for run in runs)
    seconds = sum(run.seconds for run in runs)
    root = ET.Element("testsuites", _counts(name, total, failed, seconds))
    for run in runs:
        suite = ET.SubElement(
            root, "testsuite", _counts(_suite_name(run), len(run.results), run.failed, run.seconds)
        )
        for result in run.results:
            _case(suite, result, f"{name}.{run.recording}")
        if run.startup_logs:
            ET.SubElement(suite, "system-out").text = _logs(run.startup_logs)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite_name(run: Run) -> str:
    files = ", ".join(run.expectations)
    return f"{run.recording} ({files})" if files else run.recording


def _counts(name: str, tests: int, failures: int, seconds: float) -> dict[str, str]:
    return {
        "name": _text(name),
        "tests": str(tests),
        "failures": str(failures),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }


def _case(suite: ET.Element, result: ExchangeResult, class_name: str) -> None:
    title = f"{result.number} {result.exchange.title}"
    attributes = {
        "classname": _text(class_name),
        "name": _text(title),
        "time": f"{result.seconds:.3f}",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    if result.differences:
        first = result.differences[0]
        message = f"{first.field}: expected {first.expected}, got {_got(first)}"
        failure = ET.SubElement(case, "failure", {"message": _text(message), "type": "difference"})
        failure.text = _text(
            "\n".join(line for each in result.differences for line in _lines(each))
        )
    if result.outcome.logs:
        ET.SubElement(case, "system-out").text = _logs(result.outcome.logs)


def _logs(logs: Iterable[Log]) -> str:
    return _text("\n".join(f"{line.level.name}: {as_text(line.message)}" for line in logs))


def _got(difference: Difference) -> str:
    return "nothing" if difference.got is None else difference.got


def _lines(difference: Difference) -> list[str]:
    place = f" ({difference.place})" if difference.place else ""
    return [
        f"{difference.field}{place}",
        f"  expected {difference.expected}",
        f"  got      {_got(difference)}",
        *(f"    {line}" for line in difference.detail),
    ]


def _text(text: str) -> str:
    return _NO_CHAR.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
