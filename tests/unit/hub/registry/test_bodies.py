"""Bodies from clients that are slow, lie or go away; what arrives is scripted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import ClientDisconnect, Request

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.platform.data import open_data
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.registry.bodies import append_body, range_of, read_body
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.staging import Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wasmkit_hub.registry.staging import Upload

SILENCE = None
GONE = {"type": "http.disconnect"}


def request(*pieces: bytes | dict[str, str] | None, content_range: str = "") -> Request:
    """Return a request whose body comes in these pieces; None is silence for ever."""
    rest = iter(pieces)

    async def receive() -> Any:
        piece = next(rest, b"")
        if piece is SILENCE:
            await asyncio.sleep(3600)
        if isinstance(piece, dict):
            return piece
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    headers = [(b"content-range", content_range.encode())] if content_range else []
    return Request({"type": "http", "method": "PATCH", "headers": headers}, receive)


def read(*pieces: bytes | None, limit: int = 10, idle_timeout: float = 60) -> bytes:
    return asyncio.run(read_body(request(*pieces), limit=limit, idle_timeout=idle_timeout))


def test_a_body_is_read_piece_by_piece() -> None:
    assert read() == b""
    assert read(b"one ", b"two") == b"one two"
    assert read(b"0123456789") == b"0123456789"


def test_a_body_has_a_limit() -> None:
    with pytest.raises(ApiError, match="over 10 bytes") as caught:
        # The rest of a body that is too long is not waited for.
        read(b"01234", b"567890", SILENCE)
    assert (caught.value.code, caught.value.status) == (ErrorCode.SIZE_INVALID, 413)


def test_nobody_is_waited_for_without_end() -> None:
    with pytest.raises(ApiError, match=r"nothing came for 0\.05 s") as caught:
        read(b"01", SILENCE, idle_timeout=0.05)
    assert caught.value.status == 408


@pytest.mark.parametrize(("size", "text"), [(0, "0-0"), (1, "0-0"), (2, "0-1"), (1000, "0-999")])
def test_how_far_an_upload_has_come(size: int, text: str) -> None:
    assert range_of(size) == text


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Upload]:
    settings = Settings(data=tmp_path)
    data = open_data(settings)
    uploads = Uploads(data.uploads, data.objects, settings)
    with uploads.open("a", uploads.start("a")) as opened:
        yield opened
    data.database.close()


def append(upload: Upload, asked: Request, idle_timeout: float = 60) -> None:
    asyncio.run(append_body(asked, upload, location="/up/7", idle_timeout=idle_timeout))


def test_chunks_are_appended(upload: Upload) -> None:
    append(upload, request(b"0123", b"4"))
    append(upload, request(b"567", content_range="5-7"))
    append(upload, request(b"89", content_range="bytes 8-9/10"))
    assert upload.size == 10


@pytest.mark.parametrize(
    ("content_range", "status"),
    [("6-6", 416), ("0-0", 416), ("5-4", 400), ("5-", 400), ("x", 400), ("5-٦", 400)],
)
def test_a_chunk_that_does_not_go_on_is_refused(
    upload: Upload, content_range: str, status: int
) -> None:
    append(upload, request(b"01234"))
    with pytest.raises(ApiError) as caught:
        append(upload, request(b"x", content_range=content_range))
    assert (caught.value.code, caught.value.status) == (ErrorCode.BLOB_UPLOAD_INVALID, status)
    if status == 416:
        assert caught.value.headers == {"Location": "/up/7", "Range": "0-4"}
    assert upload.size == 5


@pytest.mark.parametrize("came", [b"5", b"5678"], ids=["less", "more"])
def test_a_chunk_of_another_length_than_it_says_is_undone(upload: Upload, came: bytes) -> None:
    append(upload, request(b"01234"))
    with pytest.raises(ApiError, match=f"says 2, {len(came)} came"):
        append(upload, request(came, content_range="5-6"))
    assert upload.size == 5
    append(upload, request(b"56", content_range="5-6"))
    assert upload.size == 7


def test_what_came_before_a_client_went_stays(upload: Upload) -> None:
    with pytest.raises(ClientDisconnect):
        append(upload, request(b"half", GONE))
    assert upload.size == 4


def test_megabytes_are_written_on_the_way(upload: Upload) -> None:
    pieces = [bytes(600_000)] * 5
    with pytest.raises(ApiError, match="nothing came"):
        append(upload, request(*pieces, SILENCE), idle_timeout=0.2)
    assert upload.size == 2 * 1_200_000  # what was not full yet is lost with the connection
