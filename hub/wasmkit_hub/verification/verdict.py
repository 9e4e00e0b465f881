"""From what each Envoy would do with a module to whether the hub serves it."""

from __future__ import annotations

import re
from typing import Any

from wasmkit.profiles import ENVOYS

__all__ = ["reasons_against", "supported"]

_RELEASE = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.\d{1,9})?", re.ASCII)
_WORDS = {"refused": "refuses it", "kills": "dies of it"}


def supported(lowest_envoy: str) -> tuple[str, ...]:
    """Return the releases that a filter claims to run on, of those that this hub knows.

    Empty without a claim, and with one that names none of them: such a claim says nothing.
    """
    found = _RELEASE.fullmatch(lowest_envoy.strip())
    if found is None:
        return ()
    lowest = (int(found[1]), int(found[2]))
    return tuple(
        envoy for envoy in ENVOYS if tuple(int(part) for part in envoy.split(".")) >= lowest
    )


def reasons_against(module: dict[str, Any], lowest_envoy: str) -> list[str]:
    """Say why a measured module must not be served; nothing if it may.

    It must load in every Envoy that its author claims. Where nothing is claimed, it must load in
    one at least, and kill none.
    """
    claimed = supported(lowest_envoy)
    bad: dict[tuple[str, str], list[str]] = {}
    loads = False
    for verdict in module["verdicts"]:
        outcome = verdict["outcome"]
        if outcome in _WORDS:
            if not claimed or verdict["envoy"] in claimed:
                reason = verdict["problems"][0]["reason"]
                bad.setdefault((outcome, reason), []).append(verdict["envoy"])
        else:
            loads = True
    if not claimed and loads:
        bad = {key: envoys for key, envoys in bad.items() if key[0] == "kills"}
    return [
        f"Envoy {_listed(envoys)} {_WORDS[outcome]}: {reason}"
        for (outcome, reason), envoys in bad.items()
    ]


def _listed(envoys: list[str]) -> str:
    if tuple(envoys) == ENVOYS:
        return f"{envoys[0]} to {envoys[-1]}"
    return ", ".join(envoys)
