"""The job that makes a README or a schema ready for pages, once for each that is pushed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmkit.artifact import media_types as oci
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.sandbox import ChildDiedError
from wasmkit_hub.platform.worker import JobFailedError
from wasmkit_hub.verification.tables import PaperRow
from wasmkit_hub.verification.tasks.render import README, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from wasmkit_hub.platform.jobs import Job
    from wasmkit_hub.platform.sandbox import Sandbox
    from wasmkit_hub.platform.worker import Result
    from wasmkit_hub.registry.access import HubState

__all__ = ["PAPER_LIMIT", "RenderJob"]

_TASK = "wasmkit_hub.verification.tasks.render"
_KINDS = {oci.TYPE_README: README, oci.TYPE_CONFIG_SCHEMA: SCHEMA}
PAPER_LIMIT = 256 * 1024
"""Bytes of a text that is shown; a longer one can still be pulled."""


class RenderJob:
    """Makes one text ready (a ``platform.worker.Handler``)."""

    def __init__(self, hub: HubState, sandbox: Sandbox) -> None:
        self._hub = hub
        self._sandbox = sandbox

    def run(self, job: Job, alive: Callable[[], None]) -> Result:
        """Render in a child."""
        digest = Digest.parse(job.payload["digest"])
        size = self._hub.objects.size(digest)
        if size is None or size > PAPER_LIMIT:
            return _writer(job, {"failed": f"it is longer than {PAPER_LIMIT >> 10} KiB"})
        sandbox = replace(self._sandbox, alive=alive)
        with self._hub.objects.open(digest) as content:
            try:
                kind = _KINDS[job.payload["kind"]]
                return _writer(job, sandbox.run(_TASK, {"kind": kind}, [(content, size)]))
            except ChildDiedError as exc:
                raise JobFailedError(str(exc), again=exc.again) from exc

    def give_up(self, job: Job, reason: str) -> Result:
        """Say that it cannot be shown."""
        return _writer(job, {"failed": reason})


def _writer(job: Job, content: dict[str, Any]) -> Result:
    def write(session: Session) -> None:
        key = {"digest": job.payload["digest"], "kind": job.payload["kind"]}
        session.merge(PaperRow(**key, content=content))

    return write
