from __future__ import annotations

import json
from typing import TYPE_CHECKING

from report_runs import runs
from wasmkit.replay.report.machine import json_report

if TYPE_CHECKING:
    from collections.abc import Callable


def test_everything_in_one_report(golden: Callable[[str, str], None]) -> None:
    text = json_report(runs(), name="hello", version="0.1.0", engine="wasm", seconds=1.25)
    report = json.loads(text)
    assert report["summary"] == {"passed": 2, "failed": 3, "seconds": 1.25}
    assert text.isascii()
    golden("reports/test.json", text + "\n")
