"""Whether a module keeps what its author promises: the Envoys it is said to run on load it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmkit.inspection.verdicts import Outcome
from wasmkit.profiles import ENVOYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.inspection.verdicts import Verdict

__all__ = ["reasons_against", "supported"]

_RELEASE = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.\d{1,9})?", re.ASCII)
_WORDS = {Outcome.REFUSED: "refuses it", Outcome.KILLS: "dies of it"}


def supported(lowest_envoy: str) -> tuple[str, ...]:
    """Return the releases that a filter claims to run on, of those that are known.

    Empty without a claim, and with one that names none of them: such a claim says nothing.
    """
    found = _RELEASE.fullmatch(lowest_envoy.strip())
    if found is None:
        return ()
    lowest = (int(found[1]), int(found[2]))
    return tuple(
        envoy for envoy in ENVOYS if tuple(int(part) for part in envoy.split(".")) >= lowest
    )


def reasons_against(verdicts: Iterable[Verdict], lowest_envoy: str) -> list[str]:
    """Say why a module must not be published or served; nothing if it may.

    It must load in every Envoy that its author claims. Where nothing is claimed, it must load in
    one at least, and kill none.
    """
    claimed = supported(lowest_envoy)
    bad: dict[tuple[Outcome, str], list[str]] = {}
    loads = False
    for verdict in verdicts:
        if verdict.outcome in _WORDS:
            if not claimed or verdict.envoy in claimed:
                key = verdict.outcome, verdict.problems[0].reason
                bad.setdefault(key, []).append(verdict.envoy)
        else:
            loads = True
    if not claimed and loads:
        bad = {key: envoys for key, envoys in bad.items() if key[0] is Outcome.KILLS}
    return [
        f"Envoy {_listed(envoys)} {_WORDS[outcome]}: {reason}"
        for (outcome, reason), envoys in bad.items()
    ]


def _listed(envoys: list[str]) -> str:
    if tuple(envoys) == ENVOYS:
        return f"{envoys[0]} to {envoys[-1]}"
    return ", ".join(envoys)
