"""The hub's rows, through SQLAlchemy: several threads, several processes, one SQLite file.

Everything that only SQLite has stands in this file; the rest of the hub speaks to any database.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Connection, Double, String, create_engine, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session

from wasmkit.errors import InputError
from wasmkit_hub.platform.migrate import NewerDatabaseError, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from sqlite3 import Connection as SqliteConnection

__all__ = ["Base", "Database"]

_LAYOUT = 2
"""Kept in SQLite's ``user_version`` for the hub of wasmkit 0.1.0, which reads layout 1 and looks
at nothing else; what this hub goes by is the history (see ``migrate``)."""
_BUSY_SECONDS = 30
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""Database and write-ahead log, or what lies beside them in shared memory, cannot grow."""


class Base(DeclarativeBase):
    """Parent of all tables, whichever domain they belong to.

    Times are seconds since 1970 in UTC. Digests are written out (``sha256:...``).
    """

    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        dict[str, str]: JSON,
        dict[str, Any]: JSON,
        list[str]: JSON,
        float: Double,
        str: String,
    }


class Database:
    """The hub's rows, brought to this hub's tables. Raises InputError if the file is of no use."""

    def __init__(self, file: Path) -> None:
        self._engine = create_engine(
            f"sqlite:///{file}", connect_args={"timeout": _BUSY_SECONDS}, pool_size=20
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        try:
            self._prepare()
        except NewerDatabaseError as exc:
            self._engine.dispose()
            raise InputError(
                f"the hub's data is of a newer wasmkit (its layout is {exc})",
                file=file,
                hint="start the wasmkit version that wrote it, or name another --data folder",
            ) from exc
        except SQLAlchemyError as exc:
            self._engine.dispose()
            raise InputError(
                f"the hub's database cannot be opened: {exc.args[0]}",
                file=file,
                hint="name a folder that this user may write, with --data",
            ) from exc

    def _prepare(self) -> None:
        with self.write() as session:
            connection = session.connection()
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found > _LAYOUT:
                raise NewerDatabaseError(found)
            migrate(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {_LAYOUT}")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that sees one state of the database and changes nothing."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed at the end; writers wait for one another at its begin.

        Raises OSError (ENOSPC) if the disk is full; nothing of the transaction is kept then.
        """
        engine = self._engine.execution_options(writes=True)
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as exc:
            if getattr(exc.orig, "sqlite_errorcode", None) in _FULL:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from exc
            raise

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def _configure(connection: SqliteConnection, _record: Any) -> None:
    # The driver shall begin no transactions by itself: _begin does.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail at once with SQLITE_BUSY, without
    # waiting (sqlite.org/isolation.html); IMMEDIATE takes the write lock first and does wait.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
