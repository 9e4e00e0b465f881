"""Steps of making an image; the whole of it is made and used in tests/functional/test_build.py."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
import wasmtime

from small_image import EXCHANGE_SLOT
from wasmkit.errors import BuildError
from wasmkit.host.guest.compiled import compile_module
from wasmkit.toolchain.python import image
from wasmkit.toolchain.python.interpreter import Interpreter

if TYPE_CHECKING:
    from pathlib import Path

COLLECTED = b"a.py\n5\nx = 1b/__init__.py\n0\nb/c.py\n4\n\n5\n\n"
"""As ``guest/collect.py`` writes it: path, size, bytes; content may look like another entry."""


def test_the_library_is_a_zip_of_what_was_collected() -> None:
    with zipfile.ZipFile(io.BytesIO(image._zipped(COLLECTED))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a.py": b"x = 1",
            "b/__init__.py": b"",
            "b/c.py": b"\n5\n\n",
        }
        # No time of this machine's.
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_python_imports_from_the_library(tmp_path: Path) -> None:
    file = tmp_path / "library.zip"
    file.write_bytes(image._zipped(COLLECTED))
    code = f"import sys; sys.path.insert(0, {str(file)!r}); import a, b; print(a.x, b.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().split() == ["1", f"{file}/b/__init__.py"]


# A bytes object of CPython: reference count, type, size, hash, bytes; tp_flags stand at 84 of a
# type, with Py_TPFLAGS_BYTES_SUBCLASS (bit 27) in them.
LAYOUT = """
    (func (export "PyBytes_FromStringAndSize") (param i32 i32) (result i32) (local i32)
      (local.set 2 (call $malloc (i32.add (local.get 1) (i32.const 20))))
      (i32.store offset=4 (local.get 2) (i32.const {type}))
      (i32.store offset={size} (local.get 2) (local.get 1))
      (memory.copy (i32.add (local.get 2) (i32.const {payload})) (local.get 0) (local.get 1))
      (local.get 2))
    (func (export "PyBytes_AsString") (param i32) (result i32)
      (i32.add (local.get 0) (i32.const {payload})))
    (data (i32.const 584) "\\00\\00\\00\\{flags}")
"""


def interpreter(layout: str) -> Interpreter:
    text = f"""(module
      (memory (export "memory") 2)
      (table (export "__indirect_function_table") 2 funcref)
      (global (export "__stack_pointer") (mut i32) (i32.const 65536))
      (global $heap (mut i32) (i32.const 70000))
      (func $malloc (export "malloc") (param i32) (result i32)
        (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add
          (local.get 0) (i32.const 15)) (i32.const -8))))
        (i32.sub (global.get $heap) (i32.and (i32.add
          (local.get 0) (i32.const 15)) (i32.const -8))))
      (func (export "free") (param i32))
      {layout})"""
    module = compile_module(bytes(wasmtime.wat2wasm(text)))
    return Interpreter(module, EXCHANGE_SLOT, lambda _: b"")


EXPECTED = {"type": 500, "size": 8, "payload": 16, "flags": "08"}


def test_bytes_laid_out_as_the_glue_expects() -> None:
    image._check_layout(interpreter(LAYOUT.format(**EXPECTED)))


@pytest.mark.parametrize(
    "change",
    [{"payload": 20}, {"size": 12}, {"flags": "10"}],
    ids=["payload", "size", "flags"],
)
def test_another_layout_is_noticed(change: dict[str, object]) -> None:
    with pytest.raises(BuildError, match="not laid out as the glue expects"):
        image._check_layout(interpreter(LAYOUT.format(**EXPECTED | change)))


def test_componentize_pys_own_words_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "_WORLD", "no world at all")
    with pytest.raises(BuildError, match="componentize-py could not make") as caught:
        image._componentize(tmp_path)
    assert "world" in caught.value.detail
    assert "pip show componentize-py" in caught.value.hint
