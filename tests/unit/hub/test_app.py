"""One application: who answers what, and that a worker runs while it is served."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from wasmkit.artifact import media_types as oci
from wasmkit_hub import app as module
from wasmkit_hub.app import create_app
from wasmkit_hub.platform.database import Database
from wasmkit_hub.platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

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


PUSHES = ["whole", "chunk", "last", "manifest"]


def _push(kit: Kit, how: str) -> httpx.Response:
    content = b"x" * 100_000
    target = "/v2/a/b/blobs/uploads/"
    if how == "whole":
        digest = hashlib.sha256(content).hexdigest()
        return kit.http.post(f"{target}?digest=sha256:{digest}", content=content)
    if how == "manifest":
        document = {"schemaVersion": 2, "manifests": [], "annotations": {"a": content.decode()}}
        kind = {"Content-Type": oci.INDEX}
        return kit.http.put("/v2/a/b/manifests/new", json=document, headers=kind)
    upload = kit.http.post(target).headers["location"]
    if how == "chunk":
        return kit.http.patch(upload, content=content)
    digest = hashlib.sha256(content).hexdigest()
    return kit.http.put(f"{upload}?digest=sha256:{digest}", content=content)


@pytest.mark.parametrize("how", PUSHES)
@pytest.mark.parametrize("broken", ["pwrite", "fsync"])
def test_a_full_disk(
    kit: Kit,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    how: str,
    broken: str,
) -> None:
    digest = kit.image("a/b", "old")

    def full(descriptor: int, data: bytes = b"", offset: int = 0) -> int:
        if data and not offset:
            return pwrite(descriptor, data[:5000], 0)  # so much went in
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def small(database: Database) -> Iterator[Session]:
        with write(database) as session:
            session.connection().exec_driver_sql("PRAGMA max_page_count = 1")
            yield session

    pwrite, write = os.pwrite, Database.write
    with monkeypatch.context() as patch:
        patch.setattr(os, broken, full)
        patch.setattr(Database, "write", small)
        refused = broken == "pwrite" or how != "chunk"  # a chunk is synced at the end
        answer = _push(kit, how)
        assert kit.http.get("/v2/a/b/manifests/old").headers["docker-content-digest"] == digest
    assert (answer.status_code == 507) == refused
    assert ("no room is left under" in caplog.text) == refused
    if refused:
        assert "disk is full" in answer.json()["errors"][0]["detail"]
        assert list((kit.hub.settings.data / "uploads").iterdir()) == []
    assert kit.http.get("/v2/a/b/manifests/new").status_code == 404


def test_other_trouble_with_files_is_a_bug(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pwrite", broken)
    with pytest.raises(OSError, match="Input/output"):
        _push(kit, "whole")


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
