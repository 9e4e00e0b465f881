"""From the hub of wasmkit 0.1.0, which believed annotations, to one that measures by jobs.

Images are kept as they were described, but for what only measuring can tell, and wait to be
measured. What a page asks of a manifest is read from it here, once.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"

_INDEX = "application/vnd.oci.image.index.v1+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_PAPERS = ("application/vnd.wasmkit.readme.v1", "application/vnd.wasmkit.config-schema.v1")
_MAY_HOLD_A_MODULE = (
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.module.wasm.content.layer.v1+wasm",
    "application/wasm",
)
_CLAIMS = (
    *("name", "version", "description", "licenses", "authors", "root_id", "lowest_envoy"),
    *("language", "kind", "module_sha256"),
)

_MANIFESTS = sa.table(
    "manifests",
    *(sa.column(name, sa.String) for name in ("repository", "digest", "media_type")),
    *(sa.column(name, sa.String) for name in ("artifact_type", "subject", "image", "only_layer")),
    sa.column("content", sa.LargeBinary),
    sa.column("pushed_at", sa.Double),
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
_IMAGES = sa.table(
    "images",
    *(sa.column(name, sa.String) for name in ("repository", "digest", "state")),
    *(sa.column(name, sa.JSON) for name in ("reasons", "module")),
    sa.column("listed", sa.Boolean),
    sa.column("pushed_at", sa.Double),
    *(sa.column(name, sa.String) for name in (*_CLAIMS, "example", "abi")),
    sa.column("module_size", sa.Integer),
)
_PAPER_ROWS = sa.table(
    "papers",
    *(sa.column(name, sa.String) for name in ("digest", "kind")),
    sa.column("content", sa.JSON),
)


def upgrade() -> None:
    """Take the step."""
    op.add_column("manifests", sa.Column("image", sa.String, nullable=False, server_default=""))
    op.add_column("manifests", sa.Column("only_layer", sa.String))
    op.create_index("manifests_by_image", "manifests", ["repository", "image"])
    op.rename_table("images", "old_images")
    _make_tables()
    for row in _manifests():
        _take_over(row)
    op.drop_table("old_images")


def _make_tables() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("kind", "subject")),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run_at", sa.Double, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("holder", "error")),
        sa.Column("dead", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("jobs_by_time", "jobs", ["dead", "run_at"])
    op.create_index("jobs_by_subject", "jobs", ["kind", "subject"])
    op.create_table(
        "images",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("pushed_at", sa.Double, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in _CLAIMS),
        sa.Column("example", sa.String, nullable=False),
        sa.Column("module_size", sa.Integer, nullable=False),
        sa.Column("abi", sa.String, nullable=False),
        sa.Column("module", sa.JSON, nullable=False),
    )
    op.create_table(
        "papers",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("content", sa.JSON, nullable=False),
    )


def _manifests() -> Iterator[Any]:
    """Give each manifest; the keys are read first, since the table is written to meanwhile."""
    connection = op.get_bind()
    columns = _MANIFESTS.c
    for key in connection.execute(sa.select(columns.repository, columns.digest)).all():
        yield connection.execute(sa.select(_MANIFESTS).where(*_is(_MANIFESTS, key))).one()


def _is(table: Any, row: Any) -> tuple[Any, Any]:
    return table.c.repository == row.repository, table.c.digest == row.digest


def _take_over(row: Any) -> None:
    document = json.loads(row.content)
    image = _child(document) if row.media_type in (_INDEX, _DOCKER_LIST) else None
    layers = document.get("layers") or []
    distant = ("nondistributable", ".foreign.")
    only = layers[0] if len(layers) == 1 else {}
    here = not only.get("urls") and not any(d in (only.get("mediaType") or "") for d in distant)
    only_layer = only.get("digest") if here else None
    op.get_bind().execute(
        sa.update(_MANIFESTS)
        .where(*_is(_MANIFESTS, row))
        .values(image=image or row.digest, only_layer=only_layer)
    )
    kinds = [layer.get("mediaType") for layer in layers]
    if row.subject is None and any(kind in _MAY_HOLD_A_MODULE for kind in kinds):
        _take_over_image(row, is_archive="wasm" not in str(kinds[-1]))
    elif row.artifact_type in _PAPERS and only_layer is not None:
        _take_over_paper(only_layer, row.artifact_type)


def _child(index: dict[str, Any]) -> str | None:
    for entry in index.get("manifests") or []:
        platform = entry.get("platform") or {}
        if not platform or (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
            return str(entry["digest"])
    return None


def _take_over_image(row: Any, *, is_archive: bool) -> None:
    old = sa.table("old_images", *(sa.column(c) for c in (*_CLAIMS, "repository", "digest")))
    found = op.get_bind().execute(sa.select(old).where(*_is(old, row))).first()
    said = dict.fromkeys(_CLAIMS, "") if found is None else dict(found._mapping)  # noqa: SLF001  # SQLAlchemy's public name
    said |= {"repository": row.repository, "digest": row.digest, "module_sha256": ""}
    said["name"] = said["name"] or row.repository.rpartition("/")[2]
    op.bulk_insert(
        _IMAGES,
        [
            {
                **said,
                "state": "measuring",
                "reasons": [],
                "listed": found is not None or not is_archive,
                "pushed_at": row.pushed_at,
                "example": "",
                "module_size": 0,
                "abi": "",
                "module": {},
            }
        ],
    )
    payload = {"repository": row.repository, "digest": row.digest}
    _enqueue("measure", f"{row.repository}@{row.digest}", payload)


def _take_over_paper(digest: str, kind: str) -> None:
    papers = _PAPER_ROWS.c
    query = sa.select(papers.digest).where(papers.digest == digest, papers.kind == kind)
    if op.get_bind().execute(query).first() is not None:
        return
    op.bulk_insert(_PAPER_ROWS, [{"digest": digest, "kind": kind, "content": {}}])
    _enqueue("render", digest, {"digest": digest, "kind": kind})


def _enqueue(kind: str, subject: str, payload: dict[str, str]) -> None:
    now = time.time()
    job = {"kind": kind, "subject": subject, "payload": payload, "holder": "", "error": ""}
    op.bulk_insert(_JOBS, [{**job, "attempts": 0, "run_at": now, "dead": False, "created_at": now}])
