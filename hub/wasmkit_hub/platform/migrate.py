"""Bringing a database of any earlier hub to the tables of this one, inside one transaction."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import inspect

from wasmkit_hub.platform.migrations import versions

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["NewerDatabaseError", "migrate"]

_STEPS = Path(versions.__file__).parent.parent
_FIRST = "0001"


class NewerDatabaseError(Exception):
    """The database is at a step that this hub does not know; the text is its name."""


def migrate(connection: Connection) -> None:
    """Take every step that the database has not taken yet.

    The caller holds a transaction in which nobody else writes, so that hubs which start together
    take each step once, and one that is killed takes none. Raises ``NewerDatabaseError``.
    """
    steps = ScriptDirectory(str(_STEPS))
    context = MigrationContext.configure(connection)
    found = context.get_current_revision()
    if found is None and inspect(connection).has_table("manifests"):
        context.stamp(steps, _FIRST)  # wasmkit 0.1.0 kept no history
        found = _FIRST
    try:
        steps.get_revision(found or "base")
    except CommandError as exc:
        raise NewerDatabaseError(found) from exc
    ahead = [*steps.iterate_revisions("head", found or "base")]
    with Operations.context(context):
        for step in reversed(ahead):
            # Not Alembic's own copy, which it loads by path, as a module of no package.
            import_module(f"{versions.__name__}.{Path(step.path).stem}").upgrade()
    context.stamp(steps, "head")
