"""In the child: from a README or a schema to what stands on a page."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from wasmkit_hub.verification.readme import render_readme
from wasmkit_hub.verification.schema_rows import defaults_of, schema_table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["README", "SCHEMA", "prepare", "run"]

README, SCHEMA = "readme", "schema"
_LONGEST_HTML = 2 << 20
_SAMPLE = b"# x\n\n| a | b |\n| - | - |\n| 1 | [2](https://example.com) |\n\n```py\nx\n```\n"


def prepare() -> None:
    """Load the renderer (see ``confined.Task``)."""
    render_readme(_SAMPLE)
    schema_table(b'{"properties": {"a": {"type": "string"}}}')


def run(options: dict[str, str], parts: Sequence[bytes]) -> dict[str, Any]:
    """Make one text ready. ``options``: its ``kind``, ``README`` or ``SCHEMA``."""
    if options["kind"] == README:
        readme = render_readme(parts[0])
        if len(readme.html) + len(readme.heading_html) > _LONGEST_HTML:
            return {"failed": "it becomes too long for a page"}
        return dataclasses.asdict(readme)
    table = schema_table(parts[0])
    return {**dataclasses.asdict(table), "defaults": defaults_of(parts[0])}
