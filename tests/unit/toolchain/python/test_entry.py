from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import InputError
from wasmkit.project import load_project
from wasmkit.toolchain import build, language_of

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.project import Project


def make(root: Path, entry: str, *files: str) -> Project:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    text = f'[filter]\nname = "hello"\nversion = "0.1.0"\nentry = {json.dumps(entry)}\n'
    (root / "wasmkit.toml").write_text(text)
    return load_project(root)


def check(project: Project) -> None:
    language_of(project).check(project)


@pytest.mark.parametrize(
    ("entry", "file"),
    [
        ("filter:Hello", "src/filter.py"),
        ("filter:Hello", "src/filter/__init__.py"),
        ("package.inner:Hello", "src/package/inner.py"),
    ],
)
def test_an_entry_is_a_class_of_a_module_or_package(tmp_path: Path, entry: str, file: str) -> None:
    check(make(tmp_path, entry, file))


@pytest.mark.parametrize(
    "entry", ["filter", "filter.py", "a-b:C", "filter:", ":C", "src/filter:C", "a..b:C", "a:B\n"]
)
def test_what_is_no_entry_is_refused_with_its_line(tmp_path: Path, entry: str) -> None:
    with pytest.raises(InputError, match=r"4: filter\.entry: .* has not the right form") as caught:
        check(make(tmp_path, entry, "src/filter.py"))
    assert "module:Class" in caught.value.hint


def test_the_modules_file_must_be_there_and_below_the_project(tmp_path: Path) -> None:
    (tmp_path / "outside.py").touch()
    root = tmp_path / "project"
    project = make(root, "absent:C", "src/filter.py")
    with pytest.raises(InputError, match=r"4: filter\.entry: there is no file 'src/absent\.py'"):
        check(project)
    (root / "src" / "absent.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(InputError, match="leads out of the project"):
        build(project)
