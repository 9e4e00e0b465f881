"""The tables of wasmkit 0.1.0, whose hub made them without a history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "repository_blobs",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
    )
    op.create_table(
        "manifests",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("artifact_type", sa.String),
        sa.Column("subject", sa.String),
        sa.Column("annotations", sa.JSON, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("pushed_at", sa.Double, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("manifests_by_subject", "manifests", ["repository", "subject"])
    op.create_table(
        "tags",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
    )
    op.create_index("tags_by_digest", "tags", ["repository", "digest"])
    _make_catalogue()


def _make_catalogue() -> None:
    texts = ("name", "version", "description", "licenses", "authors", "module_sha256")
    more = ("root_id", "lowest_envoy", "language", "kind")
    op.create_table(
        "images",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in texts),
        sa.Column("module_size", sa.Integer, nullable=False),
        sa.Column("abi", sa.String, nullable=False),
        sa.Column("capabilities", sa.JSON, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in more),
        sa.Column("pushed_at", sa.Double, nullable=False),
    )
    op.create_table(
        "filters",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("search_name", sa.String, nullable=False),
        sa.Column("search_text", sa.String, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_index("ix_filters_updated_at", "filters", ["updated_at"])
