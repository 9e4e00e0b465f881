"""Makes a filter project of its source, for tests that need no template."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from wasmkit.project import Project, load_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["make_project"]

_PROJECT = """\
[filter]
name = "{name}"
version = "0.1.0"
description = "A filter of a test."
license = "Apache-2.0"
authors = ["You <you@example.com>"]
language = "python"
entry = "{entry}"
on_error = "{on_error}"
"""


def make_project(
    folder: Path,
    source: str,
    files: Mapping[str, str | bytes] | None = None,
    *,
    name: str = "tested",
    entry: str = "filter:Tested",
    on_error: str = "close",
) -> Project:
    """Write a project: ``source`` is ``src/filter.py``, ``files`` are others in ``src``."""
    (folder / "src").mkdir(parents=True)
    text = _PROJECT.format(name=name, entry=entry, on_error=on_error)
    (folder / "wasmkit.toml").write_text(text)
    for key, content in {"filter.py": source, **(files or {})}.items():
        path = folder / "src" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        else:
            path.write_bytes(content)
    return load_project(folder)
