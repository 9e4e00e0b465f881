"""Digests, blobs and uploads: what is on the disk at every moment."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from wasmkit.errors import InputError
from wasmkit_hub.settings import Settings, default_data_folder
from wasmkit_hub.storage.digest import Digest
from wasmkit_hub.storage.store import Store, open_store
from wasmkit_hub.storage.tables import TagRow
from wasmkit_hub.storage.uploads import UploadError, UploadProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Of the bytes "abc": FIPS 180-2, appendix B.1."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", blob_limit=1000, upload_limit=3)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.database.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:baddigeststring",
        ABC.upper(),
        ABC + "0",
        "sha256:" + "٣" * 64,  # digits, but not ASCII
        ABC.replace("sha256", "sha512"),
        ABC.replace("sha256", "md5"),
        ABC + "\n",
        "sha256:../../../../etc/passwd",
    ],
)
def test_not_a_digest(text: str) -> None:
    with pytest.raises(InputError):
        Digest.parse(text)


def test_digest() -> None:
    assert str(Digest.parse(ABC)) == ABC
    assert Digest.of(b"abc") == Digest.parse(ABC)
    assert len(Digest.of(b"abc", "sha512").hex) == 128


def test_upload_becomes_a_blob_only_at_the_end(store: Store) -> None:
    digest = Digest.parse(ABC)
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier) as upload:
        upload.write(b"ab")
    assert store.uploads.size("a", identifier) == 2
    assert store.blobs.size(digest) is None
    with store.uploads.open("a", identifier) as upload:
        upload.expect(digest)
        upload.write(b"c")
        assert store.blobs.size(digest) is None
        assert upload.commit() == 3
    assert store.blobs.read(digest, limit=3) == b"abc"
    assert store.blobs.read(digest, limit=2) is None
    with pytest.raises(UploadError) as caught:
        store.uploads.size("a", identifier)
    assert caught.value.problem is UploadProblem.UNKNOWN


def test_wrong_digest_leaves_nothing(store: Store, settings: Settings) -> None:
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier) as upload:
        upload.expect(Digest.parse(ABC))
        upload.write(b"abd")
        with pytest.raises(UploadError) as caught:
            upload.commit()
    assert caught.value.problem is UploadProblem.DIGEST_DIFFERS
    files = [entry for entry in settings.data.rglob("*") if entry.is_file()]
    assert all(entry.name.startswith("hub.sqlite") for entry in files)


def test_too_large(store: Store) -> None:
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier) as upload:
        upload.write(b"x" * 1000)
        with pytest.raises(UploadError) as caught:
            upload.write(b"x")
    assert caught.value.problem is UploadProblem.TOO_LARGE


def test_one_writer_at_a_time(store: Store) -> None:
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier):
        with pytest.raises(UploadError) as caught, store.uploads.open("a", identifier):
            pass
        assert caught.value.problem is UploadProblem.BUSY
    with store.uploads.open("a", identifier):
        pass


@pytest.mark.parametrize("identifier", ["", "x", "../hub.sqlite", "0" * 32, "A" * 32])
def test_unknown_upload(store: Store, identifier: str) -> None:
    with pytest.raises(UploadError) as caught:
        store.uploads.size("a", identifier)
    assert caught.value.problem is UploadProblem.UNKNOWN


def test_upload_belongs_to_its_repository(store: Store) -> None:
    identifier = store.uploads.start("a")
    with pytest.raises(UploadError):
        store.uploads.size("b", identifier)


def test_limit_and_expiry(store: Store, settings: Settings) -> None:
    identifiers = [store.uploads.start("a") for _ in range(3)]
    with pytest.raises(UploadError) as caught:
        store.uploads.start("a")
    assert caught.value.problem is UploadProblem.TOO_MANY
    old = time.time() - settings.upload_expiry - 1
    for file in (settings.data / "uploads").iterdir():
        os.utime(file, (old, old))
    with store.uploads.open("a", identifiers[0]) as upload:
        # What is being written to stays, however old; the others make room.
        store.uploads.start("b")
        upload.write(b"x")
    assert store.uploads.size("a", identifiers[0]) == 1
    with pytest.raises(UploadError):
        store.uploads.size("a", identifiers[1])


def _push(settings: Settings, number: int, done: multiprocessing.SimpleQueue[str]) -> None:
    store = open_store(settings)
    for turn in range(10):
        identifier = store.uploads.start("a")
        with store.uploads.open("a", identifier) as upload:
            upload.expect(Digest.parse(ABC))
            upload.write(b"abc")
            upload.commit()
        with store.database.write() as session:
            count = session.scalar(select(func.count()).select_from(TagRow)) or 0
            session.add(TagRow(repository="a", name=f"{count}", digest=f"{number}/{turn}"))
    done.put("ok")


def test_processes_share_one_folder(settings: Settings) -> None:
    """Each writes the same blob, and a row whose name depends on all rows before it."""
    context = multiprocessing.get_context("spawn")
    done = context.SimpleQueue()
    wide = replace(settings, upload_limit=100)
    processes = [context.Process(target=_push, args=(wide, n, done)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    store = open_store(wide)
    with store.database.read() as session:
        names = set(session.scalars(select(TagRow.name)))
    store.database.close()
    assert names == {str(n) for n in range(40)}
    assert hashlib.sha256(store.blobs.path(Digest.parse(ABC)).read_bytes()).hexdigest() in ABC


def test_folder_is_private(store: Store, settings: Settings) -> None:
    del store
    assert settings.data.stat().st_mode & 0o777 == 0o700


def test_data_folder_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for data in (file, file / "below"):
        with pytest.raises(InputError, match="data folder"):
            open_store(Settings(data=data))


@pytest.mark.parametrize("content", [b"not a database at all" * 99, None])
def test_database_that_cannot_be(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        (tmp_path / "hub.sqlite").mkdir()
    else:
        (tmp_path / "hub.sqlite").write_bytes(content)
    with pytest.raises(InputError, match=r"hub\.sqlite"):
        open_store(Settings(data=tmp_path))


def test_database_of_another_version(tmp_path: Path) -> None:
    store = open_store(Settings(data=tmp_path))
    with store.database.write() as session:
        session.connection().exec_driver_sql("PRAGMA user_version = 99")
    store.database.close()
    with pytest.raises(InputError, match="99"):
        open_store(Settings(data=tmp_path))


def test_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "wasmkit" / "hub"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / ".local" / "share" / "wasmkit" / "hub"
