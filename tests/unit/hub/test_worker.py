"""The worker's program: it does what the hub's domains ask for, on the data it is told."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit_hub import worker
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.platform.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from hub_kit import Kit


def test_every_kind_of_job_has_a_handler(kit: Kit) -> None:
    digest = kit.image("a/b", "1", filter_module())
    kit.referrer("a/b", digest, oci.TYPE_README, b"x")
    assert kit.work() == 2
    jobs = kit.http.get("/api/v1/jobs").json()
    assert jobs == {"waiting": 0, "running": 0, "dead": 0, "given_up": []}


def test_the_program_gets_the_hubs_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path / "data", serve_blocked=True, child_seconds=7.0)
    command = worker.worker_process(settings)._command
    assert command[:3] == [sys.executable, "-m", "wasmkit_hub.worker"]
    assert json.loads(command[3])["child_seconds"] == 7.0
    found: list[object] = []
    monkeypatch.setattr(sys, "argv", command[2:])
    monkeypatch.setattr(worker, "end_with_the_parent", lambda: found.append("ends"))
    monkeypatch.setattr(Worker, "work", lambda self, _stop: found.append(self))
    worker.main()
    assert found[0] == "ends"
    assert isinstance(found[1], Worker)
    found[1]._database.close()
    assert (tmp_path / "data" / "hub.sqlite").exists()
