"""Putting a hub together: one FastAPI application over one data folder."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.data import is_full
from wasmkit_hub.platform.headers import SecurityHeaders, is_api, security_headers
from wasmkit_hub.registry.errors import ApiError, error_response, from_upload_error, no_room
from wasmkit_hub.registry.router import router as registry_router
from wasmkit_hub.registry.staging import UploadError
from wasmkit_hub.web.api import router as api_router
from wasmkit_hub.web.pages import PAGES_AT_ONCE, STATIC, error_page
from wasmkit_hub.web.pages import router as web_router
from wasmkit_hub.worker import worker_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from wasmkit_hub.platform.settings import Settings

__all__ = ["create_app"]

_LOG = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Open the data folder and return the application; raises InputError if it cannot be used.

    While it is served, a worker's process does the jobs that pushes make.
    """
    state = open_hub(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        worker = worker_process(settings)
        worker.start()
        try:
            yield
        finally:
            await to_thread.run_sync(worker.stop)
            state.database.close()

    # FastAPI's own pages about the API load scripts from elsewhere: no page of this hub does.
    app = FastAPI(
        title="wasmkit hub",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.hub = state
    app.state.pages = CapacityLimiter(PAGES_AT_ONCE)
    app.include_router(registry_router)
    app.include_router(api_router)
    app.include_router(web_router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(SecurityHeaders)
    for kind in (ApiError, UploadError, ClientDisconnect, HTTPException, Exception):
        app.add_exception_handler(kind, _answer_error)
    app.add_exception_handler(OSError, _answer_full_disk)
    return app


def _answer_error(request: Request, error: Exception) -> Response:
    """Answer what a route raised, as JSON where programs ask and as a page elsewhere."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody is there to read it
    if isinstance(error, UploadError):
        error = from_upload_error(error)
    if isinstance(error, ApiError):
        return error_response(error)
    path = request.url.path
    if not isinstance(error, HTTPException):
        return _answer_bug(path)
    if is_api(path):
        return error_response(ApiError(ErrorCode.UNSUPPORTED, status=error.status_code))
    return error_page(error.status_code)


def _answer_full_disk(request: Request, error: Exception) -> Response:
    """Answer that there is no room; any other trouble with files is nobody's expectation."""
    path = request.url.path
    if not (isinstance(error, OSError) and is_full(error) and is_api(path)):
        raise error
    data = request.app.state.hub.settings.data
    _LOG.error("no room is left under %s: %s %s is refused", data, request.method, path)
    return error_response(no_room(path))


def _answer_bug(path: str) -> Response:
    """Answer what nobody expected; starlette raises it again after, and uvicorn logs it."""
    if is_api(path):
        answer: Response = PlainTextResponse("the hub failed; its log says more\n", 500)
    else:
        answer = error_page(500)
    # This answer goes out past all middleware.
    answer.headers.update(security_headers(path))
    return answer
