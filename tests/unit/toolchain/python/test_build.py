"""The builder's side of a build; whole builds are in tests/functional/test_build.py."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
import wasmtime

from small_image import small_image
from wasmkit.errors import BuildError
from wasmkit.toolchain.python.build import (
    IMAGE_SECTION,
    CompiledImage,
    Image,
    _Builder,
    _own_modules,
    read_code,
    write_code,
)
from wasmkit.toolchain.python.sources import ModuleSources
from wasmkit.toolchain.python.trim import Cuts
from wasmkit.wasm.encode import custom
from wasmkit.wasm.features import scan_code
from wasmkit.wasm.module import read_module

if TYPE_CHECKING:
    from pathlib import Path


def library() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("json/__init__.py", "LIBRARY = 1\n")
    return buffer.getvalue()


def test_an_image_says_where_things_are_in_it() -> None:
    cuts = {"all": [1, 2, 3], "core": [1], "modules": {"zlib": [2]}}
    details = json.dumps({"exchange": 7, "callbacks": 4096, "cuts": cuts, "code": None}).encode()
    image = CompiledImage(Image(small_image() + custom(IMAGE_SECTION, details), library()))
    assert (image.exchange_slot, image.callbacks) == (7, 4096)
    assert image.cuts == Cuts(frozenset({1, 2, 3}), frozenset({1}), {"zlib": frozenset({2})})
    assert image.cuts.for_modules(["zlib"]) == {3}


def test_what_every_module_of_an_image_uses_is_known_beforehand() -> None:
    module = read_module(
        bytes(
            wasmtime.wat2wasm(
                "(module (func (param i32) (drop (i32.extend8_s (local.get 0))))"
                " (func (param i32) (drop (i32.extend8_s (local.get 0)))) (func (local v128)))"
            )
        )
    )
    always = write_code(module, Cuts(frozenset({1}), frozenset(), {}))
    assert always is not None
    assert read_code(json.loads(json.dumps(always))) == scan_code(module)
    assert write_code(module, Cuts(frozenset({0, 1}), frozenset({0}), {})) == always
    assert write_code(module, Cuts(frozenset({0, 1}), frozenset(), {})) is None
    assert write_code(module, Cuts(frozenset({2}), frozenset(), {})) is None


def test_an_image_that_says_nothing_is_refused() -> None:
    with pytest.raises(BuildError, match="does not describe itself"):
        CompiledImage(Image(small_image(), library()))


def test_the_builder_answers_the_bootstrap(tmp_path: Path) -> None:
    (tmp_path / "filter.py").write_text("import json\n")
    job = {"module": "filter", "class": "ü"}
    builder = _Builder(ModuleSources(library(), [("author", tmp_path)]), job)
    assert json.loads(builder.answer(b"J")) == job
    assert builder.answer(b"Mfilter") == b"author\nsrc/filter.py\n0\nimport json\n"
    kind, file, package, source = builder.answer(b"Mjson").split(b"\n", 3)
    assert (kind, package, source) == (b"library", b"1", b"LIBRARY = 1\n")
    assert file.endswith(b"json/__init__.py")
    assert builder.answer(b"Mnowhere") == b""
    assert builder.result == {}
    assert builder.answer(b'R{"callbacks": {"proxy_on_log": 9}}') == b""
    assert builder.result == {"callbacks": {"proxy_on_log": 9}}


def test_modules_at_the_top_of_a_source_folder(tmp_path: Path) -> None:
    for name in ("b/__init__.py", "a.py", "data.json", "c/d/e.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert _own_modules(tmp_path) == ["a", "b", "c"]
    assert _own_modules(tmp_path / "absent") == []
