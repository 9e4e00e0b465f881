"""A hub without a server: the application is called in this process."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from wasmkit_hub.app import create_app
from wasmkit_hub.platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

__all__ = ["in_process_hub"]


class _InProcess(httpx.BaseTransport):
    """Hands requests to an ASGI application, each in an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()

        async def ask() -> tuple[int, list[tuple[bytes, bytes]], bytes]:
            asked = httpx.Request(
                request.method, request.url, headers=request.headers, content=content
            )
            answer = await self._app.handle_async_request(asked)
            return answer.status_code, answer.headers.raw, await answer.aread()

        status, headers, body = asyncio.run(ask())
        return httpx.Response(status, headers=headers, content=body)


@contextmanager
def in_process_hub(folder: Path, **settings: Any) -> Iterator[httpx.Client]:
    """Open an empty hub, whose jobs nobody does, and give a client of it."""
    app = create_app(Settings(data=folder / "hub", **settings))
    try:
        with httpx.Client(transport=_InProcess(app), base_url="http://hub.example") as client:
            yield client
    finally:
        app.state.hub.database.close()
