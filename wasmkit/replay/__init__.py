"""Plays recorded traffic through a filter and checks what comes out.

``replay_project`` is the verb.
"""

from __future__ import annotations

from wasmkit.replay.replay import ReplayRequest, ReplayResult, RunPlayed, replay_project

__all__ = ["ReplayRequest", "ReplayResult", "RunPlayed", "replay_project"]
