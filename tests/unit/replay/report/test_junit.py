from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from report_runs import runs
from wasmkit.replay.report.junit import junit_report

if TYPE_CHECKING:
    from collections.abc import Callable


def test_everything_in_one_report(golden: Callable[[str, str], None]) -> None:
    data = junit_report(runs(), name="hello")
    root = ET.fromstring(data)
    assert (root.get("tests"), root.get("failures")) == ("5", "3")
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["shop.har (shop.yaml)", "more.har"]
    assert len(root.findall("testsuite/testcase/failure")) == 3
    golden("reports/test.xml", data.decode())
