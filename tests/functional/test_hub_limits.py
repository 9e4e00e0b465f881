"""A hub with small limits, and what it answers at them."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import httpx
import pytest

from wasmkit.artifact.media_types import MANIFEST
from wasmkit_hub.app import create_app
from wasmkit_hub.platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Talk = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def answer(data: Path, talk: Talk) -> tuple[int, str]:
    """Carry out a talk with a hub of its own; return the last answer's status and error code."""
    settings = Settings(
        data=data, blob_limit=100, manifest_limit=100, upload_limit=2, idle_timeout=0.1
    )
    app = create_app(settings)

    async def all_of_it() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            return await talk(http)

    try:
        got = asyncio.run(all_of_it())
    finally:
        app.state.hub.database.close()
    is_json = got.headers["content-type"] == "application/json"
    return got.status_code, got.json()["errors"][0]["code"] if is_json else ""


async def slowly() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.sleep(5)
    yield b"y"


async def idle_upload(http: httpx.AsyncClient) -> httpx.Response:
    location = (await http.post("/v2/a/blobs/uploads/")).headers["location"]
    return await http.patch(location, content=slowly())


async def idle_manifest(http: httpx.AsyncClient) -> httpx.Response:
    return await http.put("/v2/a/manifests/x", content=slowly())


async def large_blob(http: httpx.AsyncClient) -> httpx.Response:
    return await http.post(f"/v2/a/blobs/uploads/?digest=sha256:{'0' * 64}", content=b"x" * 101)


async def large_manifest(http: httpx.AsyncClient) -> httpx.Response:
    kind = {"Content-Type": MANIFEST}
    return await http.put("/v2/a/manifests/x", content=b"x" * 101, headers=kind)


async def many_uploads(http: httpx.AsyncClient) -> httpx.Response:
    for _ in range(2):
        assert (await http.post("/v2/a/blobs/uploads/")).status_code == 202
    return await http.post("/v2/a/blobs/uploads/")


async def failed_uploads(http: httpx.AsyncClient) -> httpx.Response:
    for _ in range(3):  # those that failed do not count
        await large_blob(http)
    return await large_blob(http)


@pytest.mark.parametrize(
    ("talk", "status", "code"),
    [
        (idle_upload, 408, "SIZE_INVALID"),
        (idle_manifest, 408, "SIZE_INVALID"),
        (large_blob, 413, "SIZE_INVALID"),
        (large_manifest, 413, "SIZE_INVALID"),
        (many_uploads, 429, "TOOMANYREQUESTS"),
        (failed_uploads, 413, "SIZE_INVALID"),
    ],
)
def test_limit(
    tmp_path: Path,
    talk: Talk,
    status: int,
    code: str,
) -> None:
    assert answer(tmp_path, talk) == (status, code)


@pytest.mark.parametrize("path", ["/v2/a/blobs/uploads/", "/"])
def test_broken_disk_is_said_without_a_traceback(tmp_path: Path, path: str) -> None:
    async def talk(http: httpx.AsyncClient) -> httpx.Response:
        (tmp_path / "uploads").rename(tmp_path / "gone")
        with sqlite3.connect(tmp_path / "hub.sqlite") as database:
            database.execute("DROP TABLE filters")
        database.close()
        got = await (http.get(path) if path == "/" else http.post(path))
        assert "Traceback" not in got.text
        assert got.headers["x-content-type-options"] == "nosniff"
        return got

    assert answer(tmp_path, talk) == (500, "")
