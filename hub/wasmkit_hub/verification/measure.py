"""The job that measures an image: from its layer to facts, from facts to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.manifest import Manifest, parse
from wasmkit.artifact.shapes import module_layer
from wasmkit.inspection import Inspection, reasons_against
from wasmkit.project.document import SIZE_LIMIT
from wasmkit.records import from_json
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.objects import read_object
from wasmkit_hub.platform.sandbox import ChildDiedError
from wasmkit_hub.platform.worker import JobFailedError
from wasmkit_hub.registry.tables import ManifestRow
from wasmkit_hub.verification.claims import (
    Claims,
    claims_of,
    with_document,
    write_claims,
)
from wasmkit_hub.verification.papers import newest_layer
from wasmkit_hub.verification.tables import ImageRow, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from wasmkit.artifact.descriptor import Descriptor
    from wasmkit_hub.platform.jobs import Job
    from wasmkit_hub.platform.sandbox import Sandbox
    from wasmkit_hub.platform.worker import Result
    from wasmkit_hub.registry.access import HubState

__all__ = ["MeasureJob"]

_TASK = "wasmkit_hub.verification.tasks.measure"
_NOT_MEASURED = "could not be measured"


@dataclass(frozen=True, slots=True)
class _Image:
    """What the job needs to know before it begins."""

    layer: Descriptor
    claims: Claims
    said_sha256: str
    known: dict[str, Any]
    """The module's facts if it has been measured before: under one digest they stay the same."""


class MeasureJob:
    """Measures one image (a ``platform.worker.Handler``)."""

    def __init__(self, hub: HubState, sandbox: Sandbox) -> None:
        self._hub = hub
        self._sandbox = sandbox

    def run(self, job: Job, alive: Callable[[], None]) -> Result:
        """Look at the layer in a child, unless that was done before; then judge."""
        image = self._read(job)
        found: dict[str, Any] = {}
        if image is not None:
            found = {"module": image.known} if image.known else self._look(image.layer, alive)

        def write(session: Session) -> None:
            row = self._row(session, job)
            if row is None:
                return  # deleted meanwhile
            if image is None or ("module" not in found and not row.listed):
                session.delete(row)  # not a filter, and never said that it is one
            else:
                write_claims(row, image.claims)
                _judge(row, image, found)
            session.flush()
            self._hub.watcher.changed(session, row.repository)

        return write

    def give_up(self, job: Job, reason: str) -> Result:
        """Block what nobody could look at: the hub has nothing to say for it."""

        def write(session: Session) -> None:
            row = self._row(session, job)
            if row is None:
                return
            if row.listed:
                row.state, row.reasons = State.BLOCKED, [f"{_NOT_MEASURED}: {reason}"]
            else:
                session.delete(row)  # whatever it is, the hub does not show it as a filter
            session.flush()
            self._hub.watcher.changed(session, row.repository)

        return write

    def _row(self, session: Session, job: Job) -> ImageRow | None:
        return session.get(ImageRow, (job.payload["repository"], job.payload["digest"]))

    def _read(self, job: Job) -> _Image | None:
        with self._hub.database.read() as session:
            row = session.get(ManifestRow, (job.payload["repository"], job.payload["digest"]))
            if row is None:
                return None
            manifest = parse(row.content, row.media_type)
            measured = self._row(session, job)
            known = {} if measured is None else measured.module
            document = newest_layer(session, row.repository, row.digest, oci.TYPE_DOCUMENT)
        layer = module_layer(manifest) if isinstance(manifest, Manifest) else None
        if layer is None or layer.elsewhere:
            return None
        claims = claims_of(manifest.annotations)
        content = None
        if document is not None:
            content = read_object(self._hub.objects, Digest.parse(document), limit=SIZE_LIMIT)
        if content is not None:
            claims = with_document(claims, content)
        said = manifest.annotations.get(oci.ANNOTATION_MODULE_SHA256, "")
        return _Image(layer, claims, said, known)

    def _look(self, layer: Descriptor, alive: Callable[[], None]) -> dict[str, Any]:
        digest = Digest.parse(layer.digest)
        sandbox = replace(self._sandbox, alive=alive)
        with self._hub.objects.open(digest) as content:
            try:
                return sandbox.run(_TASK, {"media_type": layer.media_type}, [(content, layer.size)])
            except ChildDiedError as exc:
                raise JobFailedError(str(exc), again=exc.again) from exc


def _judge(row: ImageRow, image: _Image, found: dict[str, Any]) -> None:
    reasons = [str(found[key]) for key in ("absent", "broken") if key in found]
    if "module" in found:
        measured = from_json(Inspection, found["module"])
        row.listed = True
        row.module = found["module"]
        row.module_sha256 = measured.sha256
        row.module_size = measured.size
        row.abi = measured.abi_version or ""
        if image.said_sha256 not in ("", row.module_sha256):
            reasons.append(
                f"its annotation says that the module's sha256 is {image.said_sha256[:64]!r},"
                f" it is {row.module_sha256}"
            )
        reasons += reasons_against(measured.verdicts, image.claims.lowest_envoy)
    row.reasons = reasons
    row.state = State.BLOCKED if reasons else State.SERVED
