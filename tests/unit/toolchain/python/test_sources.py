from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest

import wasmkit
from wasmkit.errors import BuildError
from wasmkit.toolchain.python.sources import ModuleSources, Source


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


LIBRARY = zipped(
    {"json/__init__.py": "json", "json/decoder.py": "decoder", "types.py": "types", "both.py": "b"}
)


def fill(folder: Path, *files: str) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{folder.name}: {name}")
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> ModuleSources:
    author = fill(
        tmp_path / "project" / "src",
        *("filter.py", "types.py", "parts/__init__.py", "parts/one.py", "both/__init__.py"),
        *("both.py", "space/deep/mod.py", "yaml/data.txt", "fast.cpython-311-x86_64-linux-gnu.so"),
        *("fallback.so", "fallback.py", "wasmkit/sdk.py", "wasmkit/evil/__init__.py"),
    )
    site = fill(
        tmp_path / "site-packages",
        *("yaml/__init__.py", "yaml/_yaml.cpython-311-x86_64-linux-gnu.so", "json/__init__.py"),
        *("space/other.py", "filter.py", "single.abi3.so", "win.pyd", "mac.dylib"),
        *("wasmkit/__init__.py", "wasmkit/host/__init__.py"),
    )
    return ModuleSources(LIBRARY, [("author", author), ("site", site)])


def shown(source: Source | None) -> tuple[str, str, bool, str] | None:
    if source is None:
        return None
    return source.kind, source.file, source.package, source.text.decode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            "filter", ("author", "src/filter.py", False, "src: filter.py"), id="author-first"
        ),
        pytest.param(
            "types", ("author", "src/types.py", False, "src: types.py"), id="author-over-library"
        ),
        pytest.param(
            "parts",
            ("author", "src/parts/__init__.py", True, "src: parts/__init__.py"),
            id="package",
        ),
        pytest.param(
            "parts.one",
            ("author", "src/parts/one.py", False, "src: parts/one.py"),
            id="in-a-package",
        ),
        pytest.param(
            "both",
            ("author", "src/both/__init__.py", True, "src: both/__init__.py"),
            id="package-over-module",
        ),
        pytest.param(
            "json", ("library", "python3.14/json/__init__.py", True, "json"), id="library-over-site"
        ),
        pytest.param(
            "json.decoder",
            ("library", "python3.14/json/decoder.py", False, "decoder"),
            id="in-the-library",
        ),
        pytest.param(
            "yaml",
            ("site", "yaml/__init__.py", True, "site-packages: yaml/__init__.py"),
            id="package-over-folder-of-data",
        ),
        pytest.param(
            "yaml._yaml",
            ("native", "_yaml.cpython-311-x86_64-linux-gnu.so", False, ""),
            id="native-in-a-package",
        ),
        pytest.param("single", ("native", "single.abi3.so", False, ""), id="native-abi3"),
        pytest.param("win", ("native", "win.pyd", False, ""), id="native-windows"),
        pytest.param("mac", ("native", "mac.dylib", False, ""), id="native-macos"),
        pytest.param(
            "fast", ("native", "fast.cpython-311-x86_64-linux-gnu.so", False, ""), id="own-native"
        ),
        pytest.param(
            "fallback",
            ("author", "src/fallback.py", False, "src: fallback.py"),
            id="python-over-native",
        ),
        pytest.param("space", ("author", "src/space", True, ""), id="namespace"),
        pytest.param("space.deep", ("author", "src/space/deep", True, ""), id="namespace-in-one"),
        pytest.param(
            "space.deep.mod",
            ("author", "src/space/deep/mod.py", False, "src: space/deep/mod.py"),
            id="in-a-namespace",
        ),
        pytest.param(
            "space.other",
            ("site", "space/other.py", False, "site-packages: space/other.py"),
            id="namespace-of-two-folders",
        ),
        pytest.param("absent", None, id="absent"),
        pytest.param("filter.absent", None, id="in-no-package"),
        pytest.param("wasmkit", None, id="not-this-package"),
        pytest.param("wasmkit.sdk", None, id="not-under-this-package's-name"),
        pytest.param("wasmkit.evil", None, id="not-by-the-author"),
        pytest.param("wasmkit.host", None, id="not-the-tool-itself"),
    ],
)
def test_who_provides_a_module(
    sources: ModuleSources, name: str, expected: tuple[str, str, bool, str] | None
) -> None:
    assert shown(sources.find(name)) == expected


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param(".filter", id="dot-first"),
        pytest.param("filter.", id="dot-last"),
        pytest.param("parts..one", id="two-dots"),
        pytest.param("../secret", id="parent"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("fil\0ter", id="nul"),
        pytest.param("fil*", id="pattern"),
        pytest.param("**x", id="bad-pattern"),
        pytest.param("a" * 300, id="longer-than-a-file-name"),
        pytest.param(".".join(["a" * 200] * 50), id="longer-than-a-path"),
        pytest.param("\udcff", id="surrogate"),
    ],
)
def test_what_is_no_name_of_a_module_is_not_there(
    sources: ModuleSources, tmp_path: Path, name: str
) -> None:
    (tmp_path / "project" / "secret.py").write_text("secret")
    assert sources.find(name) is None


def test_a_loop_of_links_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    assert ModuleSources(LIBRARY, [("author", tmp_path)]).find("loop") is None


def test_file_names_say_nothing_of_the_machine(sources: ModuleSources, tmp_path: Path) -> None:
    for name in ("filter", "parts.one", "space", "yaml", "yaml._yaml", "json"):
        found = sources.find(name)
        assert found is not None
        assert str(tmp_path).encode() not in found.encoded()
        assert not found.file.startswith("/")


def test_a_source_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "filter.py").open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(BuildError, match=r"filter\.py: is larger than 16 MiB"):
        ModuleSources(LIBRARY, [("author", tmp_path)]).find("filter")


def test_a_source_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "filter.py").write_text("")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BuildError, match=r"filter\.py: cannot be read: Permission denied"):
        ModuleSources(LIBRARY, [("author", tmp_path)]).find("filter")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        pytest.param("wasmkit", "wasmkit/__init__.py", id="package"),
        pytest.param("wasmkit.sdk", "wasmkit/sdk/__init__.py", id="sdk"),
        pytest.param("wasmkit.sdk._host", "wasmkit/sdk/_host.py", id="sdk-module"),
        pytest.param("wasmkit.abi.constants", "wasmkit/abi/constants.py", id="abi"),
        pytest.param("wasmkit.host", None, id="host"),
        pytest.param("wasmkit.errors", None, id="errors"),
        pytest.param("wasmkit.toolchain.python.image", None, id="toolchain"),
        pytest.param("json", "python3.14/json/__init__.py", id="library"),
    ],
)
def test_the_image_holds_the_sdk_and_nothing_else_of_this_package(
    name: str, file: str | None
) -> None:
    root = Path(wasmkit.__file__).parent.parent
    found = ModuleSources(LIBRARY, [("wasmkit", root)]).find(name)
    assert (None if found is None else found.file) == file
    assert found is None or found.kind == "library"


def test_encoding() -> None:
    source = Source("author", "src/a.py", package=True, text=b"x = 1\n\ny = 2")
    assert source.encoded() == b"author\nsrc/a.py\n1\nx = 1\n\ny = 2"
    assert Source("native", "b.so", package=False, text=b"").encoded() == b"native\nb.so\n0\n"
