"""The cache, with a maker of images that is quick and leaves a trace of each image it makes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import wasmkit
from wasmkit.progress import silent
from wasmkit.toolchain.python import cache
from wasmkit.toolchain.python.build import Image

PROGRAM = """
    import sys, time
    from pathlib import Path
    from wasmkit.toolchain.python import cache
    from wasmkit.toolchain.python.build import Image

    trace, seconds = Path(sys.argv[1]), float(sys.argv[2])

    def make(progress):
        with trace.open("a") as file:
            file.write("begun\\n")
        time.sleep(seconds)
        return Image(b"module" * 1000, b"library" * 1000)

    cache.make_image = make
    image = cache.load_image(lambda step: print(step, flush=True))
    assert image == Image(b"module" * 1000, b"library" * 1000)
    print("done", flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep images in a folder of this test, and have none shipped."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "PACKED", tmp_path / "packed")
    return tmp_path / "home"


class Maker:
    """Makes images that can be told apart."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        monkeypatch.setattr(cache, "make_image", self)

    def __call__(self, _progress: object) -> Image:
        self.made += 1
        return Image(f"module {self.made}".encode(), f"library {self.made}".encode())


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    return Maker(monkeypatch)


def load(steps: list[str] | None = None) -> Image:
    return cache.load_image(silent if steps is None else lambda event: steps.append(str(event)))


FIRST = Image(b"module 1", b"library 1")


def test_an_image_is_made_once(maker: Maker, home: Path) -> None:
    steps: list[str] = []
    assert [load(steps), load(steps)] == [FIRST, FIRST]
    assert maker.made == 1
    assert steps == ["making the interpreter image, once (about 15 seconds)"]
    folder = home / "wasmkit" / "python"
    place = folder / cache.image_key()
    assert sorted(file.name for file in place.iterdir()) == ["library.zip", "module.wasm"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o600}


# -- what an image is made of ---------------------------------------------------------------------


def test_the_key_changes_with_every_source(tmp_path: Path) -> None:
    """In a copy of the package, so that nothing else in this run meets the changes."""
    package = tmp_path / "copy" / "wasmkit"
    shutil.copytree(
        Path(wasmkit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    script = """
        import sys
        from pathlib import Path
        from wasmkit.toolchain.python import cache
        root = Path(sys.argv[1])
        assert Path(cache.__file__).is_relative_to(root)
        def key(): return cache.image_key.__wrapped__()
        first = key()
        assert key() == first
        for name in ("abi/pairs.py", "sdk/_host.py", "toolchain/python/linker.py",
                     "toolchain/python/glue.wat", "toolchain/python/guest/bootstrap.py",
                     "wasm/encode.py"):
            file = root / name
            old = file.read_bytes()
            file.write_bytes(old + b"\\n")
            assert key() != first, name
            file.write_bytes(old)
            assert key() == first, name
        (root / "sdk" / "new.py").touch()
        assert key() != first
        (root / "sdk" / "new.py").unlink()
        for name in ("cli/build.py", "host/plugin.py", "errors.py"):
            (root / name).write_bytes(b"")
            assert key() == first, name
        (root / "toolchain/python/_image").mkdir(exist_ok=True)
        (root / "toolchain/python/_image/x.py").touch()
        assert key() == first
        cache.version = lambda _package: "0.0.0"
        assert key() != first
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(package)],
        env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        check=True,
        timeout=60,
    )


def test_an_image_of_other_sources_is_not_used(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    monkeypatch.setattr(cache, "image_key", lambda: "0" * 32)
    assert load() == Image(b"module 2", b"library 2")
    assert maker.made == 2


def test_only_the_newest_images_are_kept(
    maker: Maker, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    for number in range(5):
        monkeypatch.setattr(cache, "image_key", lambda number=number: f"key{number}")
        load()
        time.sleep(0.02)
    folders = {path.name for path in (home / "wasmkit" / "python").iterdir() if path.is_dir()}
    assert folders == {"key2", "key3", "key4"}
    monkeypatch.setattr(cache, "image_key", lambda: "key2")
    load()
    assert maker.made == 5


# -- several processes ----------------------------------------------------------------------------


def start(tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "trace"), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )


def images_begun(tmp_path: Path) -> int:
    trace = tmp_path / "trace"
    return len(trace.read_text().splitlines()) if trace.exists() else 0


def test_two_builds_at_once_make_one_image(tmp_path: Path) -> None:
    processes = [start(tmp_path, 1.0) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert images_begun(tmp_path) == 1
    made = "making the interpreter image, once (about 15 seconds)\ndone\n"
    waited = "waiting for another wasmkit that is making the interpreter image\ndone\n"
    assert outputs.count(made) == 1
    # On a busy machine one may start when the image is there already.
    assert set(outputs) <= {made, waited, "done\n"}


def test_a_build_that_is_killed_leaves_nothing_behind(tmp_path: Path, home: Path) -> None:
    process = start(tmp_path, 60.0)
    assert process.stdout is not None
    while images_begun(tmp_path) == 0:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    second = start(tmp_path, 0.0)
    assert second.communicate(timeout=60)[0].endswith("done\n")
    assert images_begun(tmp_path) == 2
    folders = [path for path in (home / "wasmkit" / "python").iterdir() if path.is_dir()]
    assert len(folders) == 1


@pytest.mark.parametrize("missing", ["module.wasm", "library.zip"])
def test_half_an_image_is_made_anew(maker: Maker, home: Path, missing: str) -> None:
    load()
    (home / "wasmkit" / "python" / cache.image_key() / missing).unlink()
    assert load() == Image(b"module 2", b"library 2")
    assert load() == Image(b"module 2", b"library 2")
    assert maker.made == 2


# -- whom the folder belongs to -------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_costs_time_only(maker: Maker, home: Path) -> None:
    home.write_text("a file where a folder should be")
    steps: list[str] = []
    assert load(steps) == FIRST
    assert load(steps) == Image(b"module 2", b"library 2")
    assert maker.made == 2
    assert all("cannot be written" in step for step in steps)
    assert len(steps) == 2


def test_a_full_disk_costs_time_only(
    maker: Maker, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "library.zip":
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert load() == FIRST
    assert [path for path in (home / "wasmkit" / "python").iterdir() if path.is_dir()] == []
    monkeypatch.undo()
    assert maker.made == 1


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
@pytest.mark.usefixtures("maker")
def test_a_folder_that_others_can_write_is_not_used(home: Path, mode: int) -> None:
    load()
    (home / "wasmkit" / "python").chmod(mode)
    assert load() == Image(b"module 2", b"library 2")


@pytest.mark.usefixtures("maker")
def test_a_file_that_others_can_write_is_not_used(home: Path) -> None:
    load()
    file = home / "wasmkit" / "python" / cache.image_key() / "module.wasm"
    file.write_bytes(b"evil")
    file.chmod(0o666)
    assert load() == Image(b"module 2", b"library 2")
    assert load() == Image(b"module 2", b"library 2")


@pytest.mark.usefixtures("maker")
def test_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    load()
    file = home / "wasmkit" / "python" / cache.image_key() / "module.wasm"
    (tmp_path / "evil").write_bytes(b"evil")
    file.unlink()
    file.symlink_to(tmp_path / "evil")
    assert load() == Image(b"module 2", b"library 2")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.usefixtures("maker")
def test_a_folder_of_another_user_is_not_used(home: Path) -> None:
    load()
    os.chown(home / "wasmkit" / "python", 12345, 12345)
    assert load() == Image(b"module 2", b"library 2")


# -- what a wheel ships ---------------------------------------------------------------------------


def test_a_packed_image_is_used(maker: Maker, home: Path, tmp_path: Path) -> None:
    file = cache.pack_image(tmp_path / "packed", silent)
    assert file.name == f"{cache.image_key()}.module.xz"
    assert len(list(file.parent.iterdir())) == 2
    shutil.rmtree(home)
    assert load() == FIRST
    assert maker.made == 1
    assert not home.exists()


def test_packing_again_leaves_nothing_old(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "old.module.xz").write_bytes(b"")
    cache.pack_image(tmp_path / "other", silent)
    assert len(list((tmp_path / "other").iterdir())) == 2
    assert maker.made == 1


def test_a_packed_image_of_other_sources_is_not_used(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.pack_image(tmp_path / "packed", silent)
    monkeypatch.setattr(cache, "image_key", lambda: "0" * 32)
    assert load() == Image(b"module 2", b"library 2")
    assert maker.made == 2
