from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, inspect, text

from wasmkit_hub.platform.migrate import NewerDatabaseError, migrate

if TYPE_CHECKING:
    from pathlib import Path


def test_each_step_is_taken_once(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    with engine.begin() as connection:
        for _ in range(2):
            migrate(connection)
        tables = set(inspect(connection).get_table_names())
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
        with pytest.raises(NewerDatabaseError, match="later"):
            migrate(connection)
    engine.dispose()
    assert tables >= {"manifests", "tags", "images", "papers", "jobs", "alembic_version"}
