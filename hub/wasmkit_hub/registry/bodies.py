"""Reading a request's body piece by piece, from clients that may be slow, lie or go away."""

import asyncio
import re
from collections.abc import AsyncIterator

from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.staging import Upload

__all__ = ["append_body", "range_of", "read_body"]

_BATCH = 1024 * 1024
"""So much is collected before a thread writes it: a switch per network packet would be slow."""
_CONTENT_RANGE = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?", re.ASCII)


async def _pieces(request: Request, idle_timeout: float) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(idle_timeout):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ApiError(
                ErrorCode.SIZE_INVALID, f"nothing came for {idle_timeout:g} s", status=408
            ) from None
        yield piece


async def read_body(request: Request, *, limit: int, idle_timeout: float) -> bytes:
    """Read a small body into memory; raises ApiError (SIZE_INVALID) over ``limit`` bytes."""
    body = bytearray()
    async for piece in _pieces(request, idle_timeout):
        body += piece
        if len(body) > limit:
            raise ApiError(ErrorCode.SIZE_INVALID, f"over {limit} bytes")
    return bytes(body)


def _announced(request: Request, upload: Upload, location: str) -> int | None:
    """Return how long the Content-Range says that this chunk is; None if it says nothing.

    Raises ApiError, status 416 with the upload's state, if the chunk does not go on where the
    upload stands (distribution-spec 1.1, #pushing-a-blob-in-chunks).
    """
    header = request.headers.get("content-range")
    if header is None:
        return None
    found = _CONTENT_RANGE.fullmatch(header)
    if found is None or int(found[2]) < int(found[1]):
        raise ApiError(ErrorCode.BLOB_UPLOAD_INVALID, f"Content-Range {header[:100]!r}")
    if int(found[1]) != upload.size:
        raise ApiError(
            ErrorCode.BLOB_UPLOAD_INVALID,
            f"the upload stands at byte {upload.size}, the chunk begins at {found[1]}",
            status=416,
            headers={"Location": location, "Range": range_of(upload.size)},
        )
    return int(found[2]) - int(found[1]) + 1


def range_of(size: int) -> str:
    """Write how far an upload has come, as the specification's Range header: ends are included."""
    return f"0-{max(size - 1, 0)}"


async def append_body(
    request: Request, upload: Upload, *, location: str, idle_timeout: float
) -> None:
    """Append a request's body to an upload.

    What came before a client went away stays, so that it can go on from there. Raises ApiError if
    the Content-Range does not fit, UploadError if the blob becomes too large.
    """
    announced = _announced(request, upload, location)
    start = upload.size
    batch = bytearray()
    try:
        async for piece in _pieces(request, idle_timeout):
            batch += piece
            if len(batch) >= _BATCH:
                full, batch = bytes(batch), bytearray()
                await to_thread.run_sync(upload.write, full)
    except ClientDisconnect:
        await to_thread.run_sync(upload.write, bytes(batch))
        raise
    await to_thread.run_sync(upload.write, bytes(batch))
    if announced is not None and upload.size - start != announced:
        came = upload.size - start
        upload.cut(start)
        raise ApiError(
            ErrorCode.SIZE_INVALID, f"Content-Range says {announced}, {came} came", status=400
        )
