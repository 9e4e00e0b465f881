"""The program of the worker's process: ``python -m wasmkit_hub.worker SETTINGS``."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.jobs import Jobs
from wasmkit_hub.platform.sandbox import Sandbox
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.platform.worker import Handler, Worker, WorkerProcess, end_with_the_parent
from wasmkit_hub.verification.measure import MeasureJob
from wasmkit_hub.verification.render import RenderJob
from wasmkit_hub.verification.watch import MEASURE, RENDER

if TYPE_CHECKING:
    from wasmkit_hub.registry.access import HubState

__all__ = ["worker_of", "worker_process"]


def worker_of(hub: HubState) -> Worker:
    """Return a worker that does every kind of job that this hub has."""
    sandbox = Sandbox(hub.settings.child_memory, hub.settings.child_seconds)
    handlers: dict[str, Handler] = {
        MEASURE: MeasureJob(hub, sandbox),
        RENDER: RenderJob(hub, sandbox),
    }
    return Worker(hub.database, Jobs(hub.database), handlers)


def worker_process(settings: Settings) -> WorkerProcess:
    """Return the process of a worker on the same data, not begun yet."""
    given = json.dumps({**asdict(settings), "data": str(settings.data)})
    return WorkerProcess([sys.executable, "-m", "wasmkit_hub.worker", given])


def main() -> None:
    """Work until the hub that started this process ends."""
    end_with_the_parent()
    given = json.loads(sys.argv[1])
    hub = open_hub(Settings(**{**given, "data": Path(given["data"])}))
    worker_of(hub).work(threading.Event())


if __name__ == "__main__":
    main()
