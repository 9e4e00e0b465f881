"""What a filter's author says of its failing, which manifests to copy repeat.

It stands in the filter document, which lies among the objects: images that have one are measured
again, and served meanwhile as they were.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"

_DOCUMENT = "application/vnd.wasmkit.filter.v1+json"
_KEY = ("repository", "digest")
_IMAGES = sa.table("images", *(sa.column(name, sa.String) for name in _KEY))
_MANIFESTS = sa.table(
    "manifests",
    *(sa.column(name, sa.String) for name in ("repository", "subject", "artifact_type")),
)
_JOBS = sa.table(
    "jobs",
    *(sa.column(name, sa.String) for name in ("kind", "subject", "holder", "error")),
    sa.column("payload", sa.JSON),
    sa.column("attempts", sa.Integer),
    sa.column("run_at", sa.Double),
    sa.column("dead", sa.Boolean),
    sa.column("created_at", sa.Double),
)


def upgrade() -> None:
    """Take the step."""
    op.add_column("images", sa.Column("on_error", sa.String, nullable=False, server_default=""))
    image, referrer = _IMAGES.c, _MANIFESTS.c
    documents = sa.select(sa.literal(1)).where(
        referrer.repository == image.repository,
        referrer.subject == image.digest,
        referrer.artifact_type == _DOCUMENT,
    )
    found = sa.select(image.repository, image.digest).where(documents.exists())
    for row in op.get_bind().execute(found).all():
        _measure(row.repository, row.digest)


def _measure(repository: str, digest: str) -> None:
    subject, now = f"{repository}@{digest}", time.time()
    jobs = _JOBS.c
    waiting = sa.select(jobs.subject).where(
        jobs.kind == "measure", jobs.subject == subject, jobs.holder == "", jobs.dead.is_(False)
    )
    if op.get_bind().execute(waiting).first() is not None:
        return
    payload = {"repository": repository, "digest": digest}
    job = {"kind": "measure", "subject": subject, "payload": payload, "holder": "", "error": ""}
    op.bulk_insert(_JOBS, [{**job, "attempts": 0, "run_at": now, "dead": False, "created_at": now}])
