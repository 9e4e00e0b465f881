"""What every store of objects must do; a new one joins ``STORES``."""

from __future__ import annotations

import asyncio
import hashlib
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


def test_what_is_put_is_there(objects: Objects) -> None:
    for _ in range(2):  # the second time it is there already
        objects.put(ABC, b"abc")
    assert objects.size(ABC) == 3
    with objects.open(ABC) as file:
        assert file.read() == b"abc"
    assert list(objects.iterate()) == [ABC]


def test_a_file_is_adopted(objects: Objects, tmp_path: Path) -> None:
    file = tmp_path / "arrived"
    file.write_bytes(b"abc")
    objects.adopt(file, ABC)
    assert not file.exists()
    assert read_object(objects, ABC, limit=3) == b"abc"
    assert read_object(objects, ABC, limit=2) is None


def test_what_is_not_there(objects: Objects) -> None:
    assert objects.size(ABC) is None
    assert read_object(objects, ABC, limit=3) is None
    with pytest.raises(FileNotFoundError):
        objects.open(ABC)
    objects.delete(ABC)
    assert list(objects.iterate()) == []


def test_who_has_it_open_reads_on(objects: Objects) -> None:
    objects.put(ABC, b"abc")
    with objects.open(ABC) as file:
        objects.delete(ABC)
        assert objects.size(ABC) is None
        assert file.read() == b"abc"


def test_objects_of_both_algorithms(objects: Objects) -> None:
    digests = {
        Digest.of(b"%d" % n, algorithm) for n in range(5) for algorithm in ("sha256", "sha512")
    }
    for digest in digests:
        objects.put(digest, b"x")
    assert set(objects.iterate()) == digests


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [(None, 200, b"0123456789"), ("bytes=2-4", 206, b"234"), ("bytes=-2", 206, b"89")],
)
def test_sent(objects: Objects, asked: str | None, status: int, content: bytes) -> None:
    digest = Digest.of(b"0123456789")
    objects.put(digest, b"0123456789")

    def send(_request: Request) -> Response:
        return objects.send(digest, media_type="application/wasm", headers={"ETag": '"x"'})

    async def talk() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/", send)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            return await http.get("/", headers={} if asked is None else {"Range": asked})

    answer = asyncio.run(talk())
    assert (answer.status_code, answer.content) == (status, content)
    assert (answer.headers["content-type"], answer.headers["etag"]) == ("application/wasm", '"x"')


def test_a_folder_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = FolderObjects(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        objects.put(ABC, b"abc")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_passes_over_what_is_not_an_object(tmp_path: Path) -> None:
    (tmp_path / "sha256" / "ab").mkdir(parents=True)
    (tmp_path / "sha256" / "ab" / "stray").write_bytes(b"")
    assert list(FolderObjects(tmp_path).iterate()) == []
    assert hashlib.sha256(b"abc").hexdigest() == ABC.hex
