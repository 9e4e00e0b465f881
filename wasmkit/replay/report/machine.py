"""The report as JSON, for programs. The shape is kept; a change to it raises ``version``.

::

    {"version": 1,
     "filter": {"name": "hello", "version": "0.1.0"},
     "engine": "wasm",
     "summary": {"passed": 12, "failed": 1, "seconds": 0.4},
     "runs": [                                   one for each recording and configuration
       {"recording": "shop.har",
        "configuration": {"header": "x-hello"},
        "expectations": ["shop.yaml"],
        "notes": ["entry 3 is left out: a WebSocket"],
        "startup_logs": [{"level": "info", "message": "ready"}],
        "exchanges": [
          {"number": 1, "method": "GET", "path": "/", "passed": false,
           "status": 200,                        what the client saw; 0: closed
           "upstream_reached": true,
           "milliseconds": 0.8,
           "differences": [{"field": "response.headers.x-hello", "expected": "world",
                            "got": null,         null: not there
                            "expectation": "shop.yaml:5", "detail": []}],
           "logs": [], "trap": null, "notes": []}]}]}
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wasmkit.http.message import Message, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmkit.engines.engine import Log
    from wasmkit.replay.result import Difference, ExchangeResult, Run

__all__ = ["VERSION", "json_report"]

VERSION = 1


def json_report(
    runs: Sequence[Run], *, name: str, version: str, engine: str, seconds: float
) -> str:
    """Return the report of a filter's runs as JSON text, in ASCII."""
    failed = sum(run.failed for run in runs)
    passed = sum(len(run.results) for run in runs) - failed
    report = {
        "version": VERSION,
        "filter": {"name": name, "version": version},
        "engine": engine,
        "summary": {"passed": passed, "failed": failed, "seconds": round(seconds, 3)},
        "runs": [_run(run) for run in runs],
    }
    return json.dumps(report, indent=2)


def _run(run: Run) -> dict[str, Any]:
    return {
        "recording": run.recording,
        "configuration": json.loads(run.configuration),
        "expectations": list(run.expectations),
        "notes": list(run.notes),
        "startup_logs": _logs(run.startup_logs),
        "exchanges": [_exchange(result) for result in run.results],
    }


def _exchange(result: ExchangeResult) -> dict[str, Any]:
    return {
        "number": result.number,
        "method": as_text(result.exchange.request.method),
        "path": as_text(result.exchange.request.path),
        "passed": result.passed,
        "status": (result.outcome.client or Message()).status,
        "upstream_reached": result.outcome.upstream is not None,
        "milliseconds": round(result.seconds * 1000, 3),
        "differences": [_difference(each) for each in result.differences],
        "logs": _logs(result.outcome.logs),
        "trap": result.outcome.trap or None,
        "notes": list(result.exchange.notes),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "field": difference.field,
        "expected": difference.expected,
        "got": difference.got,
        "expectation": difference.place,
        "detail": list(difference.detail),
    }


def _logs(logs: Iterable[Log]) -> list[dict[str, str]]:
    return [{"level": line.level.name.lower(), "message": as_text(line.message)} for line in logs]
