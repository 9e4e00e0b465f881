"""SQLite through SQLAlchemy: one file, several threads, several processes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wasmkit.errors import InputError
from wasmkit_hub.storage.tables import Base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from sqlite3 import Connection as SqliteConnection

__all__ = ["Database"]

_SCHEMA_VERSION = 1
"""Kept in SQLite's ``user_version``; raised with each change of ``tables``."""
_BUSY_SECONDS = 30


class Database:
    """The hub's rows. Raises InputError if the file cannot be used."""

    def __init__(self, file: Path) -> None:
        self._engine = create_engine(
            f"sqlite:///{file}", connect_args={"timeout": _BUSY_SECONDS}, pool_size=20
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        try:
            self._prepare(file)
        except SQLAlchemyError as exc:
            self._engine.dispose()
            raise InputError(
                f"the hub's database cannot be opened: {exc.args[0]}",
                file=file,
                hint="name a folder that this user may write, with --data",
            ) from exc

    def _prepare(self, file: Path) -> None:
        with self.write() as session:
            found = session.execute(text("PRAGMA user_version")).scalar_one()
            if found not in (0, _SCHEMA_VERSION):
                raise InputError(
                    f"the hub's data has layout {found}, this version reads {_SCHEMA_VERSION}",
                    file=file,
                    hint="start the wasmkit version that wrote it, or name another --data folder",
                )
            Base.metadata.create_all(session.connection())
            session.execute(text(f"PRAGMA user_version = {_SCHEMA_VERSION}"))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that sees one state of the database and changes nothing."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed at the end; writers wait for one another at its begin."""
        engine = self._engine.execution_options(writes=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

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
