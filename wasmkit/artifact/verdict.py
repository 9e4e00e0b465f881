"""What the hub says of a version that was pushed: measured, and served or blocked.

A registry that is not a hub of this project has no such page, and nothing is waited for.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from wasmkit.errors import InputError, RegistryError
from wasmkit.progress import Step, silent
from wasmkit.records import from_json

if TYPE_CHECKING:
    from wasmkit.artifact.client import RegistryClient
    from wasmkit.progress import Progress

__all__ = ["HubState", "HubVerdict", "wait_for_verdict"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_MOST_FAILURES = 3
"""A hub that is started anew, or a proxy that loses one request, is given a second chance."""


class HubState(StrEnum):
    """What becomes of a version in a hub."""

    MEASURING = "measuring"
    """It is served; whether it stays so is being found out."""
    SERVED = "served"
    BLOCKED = "blocked"
    """No manifest is offered, and its tag answers 404."""
    UNREACHABLE = "unreachable"
    """The hub was measuring it and then answered no more; the reason says what came instead."""


@dataclass(frozen=True, slots=True)
class HubVerdict:
    """A hub's answer about one version: why it is blocked, and the page that says it to people.

    The words are the hub's: what shows them on a terminal must escape them.
    """

    state: HubState
    digest: str
    reasons: tuple[str, ...] = ()
    page: str = ""


def wait_for_verdict(
    client: RegistryClient, digest: str, *, seconds: float, progress: Progress = silent
) -> HubVerdict | None:
    """Ask the hub about an image until it has measured it, for at most ``seconds``.

    None if the registry has no verdicts, ``MEASURING`` if the time did not suffice,
    ``UNREACHABLE`` if the hub breaks off meanwhile. The image is there whatever comes of this.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    failures = 0
    try:
        verdict = _ask(client, digest)
    except RegistryError:
        return None  # registries answer unknown addresses with errors and logins of their own
    if verdict is not None and verdict.state is HubState.MEASURING:
        progress(Step("the hub measures the module"))
    while verdict is not None and verdict.state is HubState.MEASURING:
        left = deadline - time.monotonic()
        if not left > 0:  # it may be nan
            break
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        try:
            verdict = _ask(client, digest) or verdict
            failures = 0
        except RegistryError as error:
            failures += 1
            if failures == _MOST_FAILURES:
                return HubVerdict(HubState.UNREACHABLE, digest, (str(error),), verdict.page)
    return verdict


def _ask(client: RegistryClient, digest: str) -> HubVerdict | None:
    """Return the hub's answer; None for whatever is not a verdict about this digest.

    Raises ``RegistryError`` if there is no answer, or an error.
    """
    reply = client.hub_version(digest)
    if reply is None:
        return None
    try:
        verdict = from_json(HubVerdict, json.loads(reply.body))
    except (InputError, ValueError, RecursionError):
        return None  # a page of the registry's own
    if verdict.digest != digest:
        return None
    return HubVerdict(verdict.state, digest, verdict.reasons, _page(reply.url, verdict.page))


def _page(base: str, page: str) -> str:
    """Return the page's address, if it is one of the hub's own."""
    try:
        url = urljoin(base, page)
    except ValueError:
        return ""
    return url if page and url.startswith(("http://", "https://")) else ""
