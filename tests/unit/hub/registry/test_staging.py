"""Uploads: what is on the disk at every moment."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.platform.objects import read_object
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.registry.staging import UploadError, UploadProblem
from wasmkit_hub.registry.tables import TagRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wasmkit_hub.registry.access import HubState

ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Of the bytes "abc": FIPS 180-2, appendix B.1."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", blob_limit=1000, upload_limit=3)


@pytest.fixture
def store(settings: Settings) -> Iterator[HubState]:
    opened = open_hub(settings)
    yield opened
    opened.database.close()


def test_upload_becomes_a_blob_only_at_the_end(store: HubState) -> None:
    digest = Digest.parse(ABC)
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier) as upload:
        upload.write(b"ab")
    assert store.uploads.size("a", identifier) == 2
    assert store.objects.size(digest) is None
    with store.uploads.open("a", identifier) as upload:
        upload.expect(digest)
        upload.write(b"c")
        assert store.objects.size(digest) is None
        assert upload.commit() == 3
    assert read_object(store.objects, digest, limit=3) == b"abc"
    assert read_object(store.objects, digest, limit=2) is None
    with pytest.raises(UploadError) as caught:
        store.uploads.size("a", identifier)
    assert caught.value.problem is UploadProblem.UNKNOWN


def test_wrong_digest_leaves_nothing(store: HubState, settings: Settings) -> None:
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier) as upload:
        upload.expect(Digest.parse(ABC))
        upload.write(b"abd")
        with pytest.raises(UploadError) as caught:
            upload.commit()
    assert caught.value.problem is UploadProblem.DIGEST_DIFFERS
    files = [entry for entry in settings.data.rglob("*") if entry.is_file()]
    assert all(entry.name.startswith("hub.sqlite") for entry in files)


def test_too_large(store: HubState) -> None:
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier) as upload:
        upload.write(b"x" * 1000)
        with pytest.raises(UploadError) as caught:
            upload.write(b"x")
    assert caught.value.problem is UploadProblem.TOO_LARGE


def test_one_writer_at_a_time(store: HubState) -> None:
    identifier = store.uploads.start("a")
    with store.uploads.open("a", identifier):
        with pytest.raises(UploadError) as caught, store.uploads.open("a", identifier):
            pass
        assert caught.value.problem is UploadProblem.BUSY
    with store.uploads.open("a", identifier):
        pass


@pytest.mark.parametrize("identifier", ["", "x", "../hub.sqlite", "0" * 32, "A" * 32])
def test_unknown_upload(store: HubState, identifier: str) -> None:
    with pytest.raises(UploadError) as caught:
        store.uploads.size("a", identifier)
    assert caught.value.problem is UploadProblem.UNKNOWN


def test_upload_belongs_to_its_repository(store: HubState) -> None:
    identifier = store.uploads.start("a")
    with pytest.raises(UploadError):
        store.uploads.size("b", identifier)


def test_limit_and_expiry(store: HubState, settings: Settings) -> None:
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
    store = open_hub(settings)
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
    store = open_hub(wide)
    with store.database.read() as session:
        names = set(session.scalars(select(TagRow.name)))
    store.database.close()
    assert names == {str(n) for n in range(40)}
    content = read_object(store.objects, Digest.parse(ABC), limit=10)
    assert content is not None
    assert hashlib.sha256(content).hexdigest() in ABC
