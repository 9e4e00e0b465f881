"""Keeps the interpreter image, so that it is made once.

A wheel ships the image in ``_image``; a checkout makes it on first use and keeps it in the
user's cache folder. The key is a digest of all that goes into an image, so a changed SDK or
another componentize-py never meets an old image. Two builds at once wait for one image; on a
folder that cannot be written the image is made anew each time.
"""

from __future__ import annotations

import fcntl
import hashlib
import lzma
import os
import shutil
import tempfile
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from wasmkit.files import cache_folder, is_private_file, make_private_folder
from wasmkit.progress import Step
from wasmkit.toolchain.python.build import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.progress import Progress

__all__ = ["PACKED", "image_key", "load_image", "pack_image"]

PACKED = Path(__file__).parent / "_image"
"""Where a wheel holds the image: ``<key>.module.xz`` and ``<key>.library.zip``."""

_SOURCES = ("abi", "sdk", "toolchain/python", "wasm")
_KEPT_IMAGES = 3


@cache
def image_key() -> str:
    """Return the digest of everything that an image is made of."""
    digest = hashlib.sha256(version("componentize-py").encode())
    root = Path(__file__).parent.parent.parent
    for folder in _SOURCES:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".py", ".wat") and "_image" not in file.parts:
                digest.update(f"{file.relative_to(root).as_posix()}\n".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:32]


def load_image(progress: Progress) -> Image:
    """Return the image for this version of wasmkit; make it if there is none.

    ``progress`` is told what takes long. Raises ``BuildError`` as ``make_image`` does.
    """
    key = image_key()
    if (packed := _packed(key)) is not None:
        return packed
    folder = cache_folder("python")
    try:
        make_private_folder(folder)
    except OSError:
        progress(
            Step(f"{folder} cannot be written: the interpreter image is made for this run only")
        )
        return make_image(progress)
    place = folder / key
    if (image := _read(place)) is not None:
        return image
    with _locked(folder / "lock", progress):
        if (image := _read(place)) is None:
            progress(Step("making the interpreter image, once (about 15 seconds)"))
            image = make_image(progress)
            _write(place, image)
        _drop_old(folder)
    return image


def make_image(progress: Progress) -> Image:
    """Make an image; see ``wasmkit.toolchain.python.image.make_image``."""
    from wasmkit.toolchain.python import image  # noqa: PLC0415  # half a build's imports

    return image.make_image(progress)


def pack_image(folder: Path, progress: Progress) -> Path:
    """Write the image as a wheel ships it into a folder; return the module's file."""
    image = load_image(progress)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    file = folder / f"{image_key()}.module.xz"
    file.write_bytes(lzma.compress(image.module, preset=6))
    (folder / f"{image_key()}.library.zip").write_bytes(image.library)
    return file


def _packed(key: str) -> Image | None:
    module = PACKED / f"{key}.module.xz"
    if not module.exists():
        return None
    library = (PACKED / f"{key}.library.zip").read_bytes()
    return Image(lzma.decompress(module.read_bytes()), library)


def _read(place: Path) -> Image | None:
    """Read a kept image; None if there is none or others than this user could have written it."""
    files = (place / "module.wasm", place / "library.zip")
    try:
        if not all(map(is_private_file, files)):
            return None
        os.utime(place)
        return Image(*(file.read_bytes() for file in files))
    except OSError:
        return None


def _write(place: Path, image: Image) -> None:
    """Write an image in one step: a reader finds all of it or nothing."""
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=place.parent))
    try:
        (fresh / "module.wasm").write_bytes(image.module)
        (fresh / "library.zip").write_bytes(image.library)
        for file in fresh.iterdir():
            file.chmod(0o600)
        if place.exists():
            shutil.rmtree(place)
        fresh.rename(place)
    except OSError:
        # A full disk costs the next run its time and this one nothing.
        shutil.rmtree(fresh, ignore_errors=True)


def _drop_old(folder: Path) -> None:
    images = [path for path in folder.iterdir() if path.is_dir()]
    images.sort(key=lambda path: path.stat().st_mtime)
    for old in images[:-_KEPT_IMAGES]:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(file: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock that the operating system gives back if this process dies."""
    with file.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(Step("waiting for another wasmkit that is making the interpreter image"))
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
