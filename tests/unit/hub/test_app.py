"""One application: who answers what, and that a worker runs while it is served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from wasmkit_hub import app as module
from wasmkit_hub.app import create_app
from wasmkit_hub.platform.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from hub_kit import Kit


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/v2/", 200, "application/json"),
        ("/v2/nothing", 404, "application/json"),
        ("/api/v1/nothing", 404, "application/json"),
        ("/nothing", 404, "text/html; charset=utf-8"),
        ("/static/hub.css", 200, "text/css; charset=utf-8"),
    ],
)
def test_answers(kit: Kit, path: str, status: int, kind: str) -> None:
    answer = kit.http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/jobs", "text/plain"), ("/", "text/html")])
def test_a_bug_shows_no_traceback(tmp_path: Path, path: str, kind: str) -> None:
    app = create_app(Settings(data=tmp_path))
    with app.state.hub.database.write() as session:
        for table in ("jobs", "filters"):
            session.connection().exec_driver_sql(f"DROP TABLE {table}")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            return await http.get(path)

    answer = asyncio.run(ask())
    app.state.hub.database.close()
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith(kind)
    assert "Traceback" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_worker_runs_while_the_hub_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    class Process:
        def start(self) -> None:
            events.append("start")

        def stop(self) -> None:
            events.append("stop")

    monkeypatch.setattr(module, "worker_process", lambda _settings: Process())
    app = create_app(Settings(data=tmp_path))

    async def serve() -> None:
        async with app.router.lifespan_context(app):
            events.append("serving")

    asyncio.run(serve())
    assert events == ["start", "serving", "stop"]
