"""Command lines without what they would do."""

from __future__ import annotations

from command_line import asked, say

__all__ = ["asked", "say"]
