"""Files: bounded reads, whole writes, private folders, the cache."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from wasmkit.errors import InputError
from wasmkit.files import (
    TooLargeError,
    cache_folder,
    is_private_file,
    is_private_folder,
    make_private_folder,
    read_bounded,
    read_stream,
    write_atomically,
)


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_the_cache_is_in_the_home_folder(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert cache_folder("x") == tmp_path / ".cache" / "wasmkit" / "x"


def test_the_cache_moves_with_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("x") == tmp_path / "wasmkit" / "x"


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 2048)
    assert read_bounded(file, 2048) == b"x" * 2048
    with pytest.raises(InputError, match=r"file: is larger than 1 KiB$"):
        read_bounded(file, 1024)


def test_a_large_limit_is_told_in_mebibytes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as stream:
        stream.truncate((2 << 20) + 1)
    with pytest.raises(InputError, match=r"is larger than 2 MiB$"):
        read_bounded(file, 2 << 20)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(InputError, match="is not a file"):
            read_bounded(tmp_path / name, 10)


def test_a_pipe_that_the_user_names_is_read(tmp_path: Path) -> None:
    ends = os.pipe()
    os.write(ends[1], b"12345")
    os.close(ends[1])
    pipe = Path(f"/dev/fd/{ends[0]}")
    try:
        with pytest.raises(TooLargeError, match="is larger than"):
            read_bounded(pipe, 4, pipes=True)
    finally:
        os.close(ends[0])
    with pytest.raises(InputError, match="Is a directory"):
        read_bounded(tmp_path, 4, pipes=True)


def test_a_stream_is_read_up_to_its_limit() -> None:
    assert read_stream(io.BytesIO(b"1234"), 4, "it") == b"1234"
    with pytest.raises(TooLargeError, match="it: is larger than"):
        read_stream(io.BytesIO(b"12345"), 4, "it")


def test_an_absent_file_comes_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent: not found") as caught:
        read_bounded(tmp_path / "absent", 10, hint="make it")
    assert caught.value.hint == "make it"
    with pytest.raises(InputError, match="cannot be read"):
        read_bounded(Path("nul\0"), 10)


def test_a_write_replaces_the_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    write_atomically(file, b"one")
    write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    assert [each.name for each in file.parent.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "inside").touch()
    with pytest.raises(InputError, match="writing failed"):
        write_atomically(target, b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_private_means_that_no_one_else_can_write(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    make_private_folder(folder)
    assert is_private_folder(folder)
    assert not is_private_file(folder)
    file = folder / "file"
    file.touch(0o600)
    assert is_private_file(file)
    file.chmod(0o622)
    assert not is_private_file(file)
    folder.chmod(0o777)
    with pytest.raises(PermissionError):
        make_private_folder(folder)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert not is_private_folder(link)
    assert not is_private_folder(tmp_path / "absent")
