from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wasmkit.serve.live import fingerprint

if TYPE_CHECKING:
    from pathlib import Path


def test_a_fingerprint_changes_with_what_it_covers_alone(tmp_path: Path) -> None:
    source, toml = tmp_path / "src", tmp_path / "wasmkit.toml"
    module = source / "a" / "b.py"
    module.parent.mkdir(parents=True)
    module.write_text("one")
    toml.write_text("x")
    paths = [source, toml, tmp_path / "absent"]
    first = fingerprint(paths)
    assert first == fingerprint(paths)

    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "b.pyc").write_text("x")
    (tmp_path / "other").write_text("x")
    assert fingerprint(paths) == first

    module.write_text("two!")
    second = fingerprint(paths)
    assert second != first
    os.utime(module, ns=(1, 1))
    third = fingerprint(paths)
    assert third != second
    module.unlink()
    fourth = fingerprint(paths)
    assert fourth != third
    (tmp_path / "absent").write_text("here")
    assert fingerprint(paths) != fourth
