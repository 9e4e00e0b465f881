"""What every store of objects must do; a new one joins ``STORES``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.objects import FolderObjects, Objects, read_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

ABC = Digest.of(b"abc")
STORES: dict[str, Callable[[Path], Objects]] = {"folder": FolderObjects}


@pytest.fixture(params=STORES)
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    folder = tmp_path / "objects"
    folder.mkdir()
    return STORES[request.param](folder)


def keep(objects: Objects, folder: Path, content: bytes, digest: Digest) -> None:
    file = folder / "arrived"
    file.write_bytes(content)
    objects.adopt(file, digest)
    assert not file.exists()


def test_a_file_is_adopted(objects: Objects, tmp_path: Path) -> None:
    for _ in range(2):  # the second time it is there already
        keep(objects, tmp_path, b"abc", ABC)
    assert objects.size(ABC) == 3
    with objects.open(ABC) as file:
        assert file.read() == b"abc"
    assert read_object(objects, ABC, limit=3) == b"abc"
    assert read_object(objects, ABC, limit=2) is None


def test_what_is_not_there(objects: Objects) -> None:
    assert objects.size(ABC) is None
    assert read_object(objects, ABC, limit=3) is None
    with pytest.raises(FileNotFoundError):
        objects.open(ABC)


def test_who_has_it_open_reads_on(objects: Objects, tmp_path: Path) -> None:
    keep(objects, tmp_path, b"abc", ABC)
    with objects.open(ABC) as file:
        keep(objects, tmp_path, b"abc", ABC)
        assert file.read() == b"abc"


def test_objects_of_both_algorithms(objects: Objects, tmp_path: Path) -> None:
    contents = {
        Digest.of(b"%d" % n, algorithm): b"%d" % n
        for n in range(5)
        for algorithm in ("sha256", "sha512")
    }
    for digest, content in contents.items():
        keep(objects, tmp_path, content, digest)
    for digest, content in contents.items():
        assert read_object(objects, digest, limit=9) == content


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [(None, 200, b"0123456789"), ("bytes=2-4", 206, b"234"), ("bytes=-2", 206, b"89")],
)
def test_sent(
    objects: Objects, tmp_path: Path, asked: str | None, status: int, content: bytes
) -> None:
    digest = Digest.of(b"0123456789")
    keep(objects, tmp_path, b"0123456789", digest)

    def send(_request: Request) -> Response:
        return objects.send(digest, media_type="application/wasm", headers={"ETag": '"x"'})

    async def talk() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/", send)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            return await http.get("/", headers={} if asked is None else {"Range": asked})

    answer = asyncio.run(talk())
    assert (answer.status_code, answer.content) == (status, content)
    assert (answer.headers["content-type"], answer.headers["etag"]) == ("application/wasm", '"x"')
