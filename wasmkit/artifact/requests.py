"""What the verbs ``push`` and ``pull`` are asked, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.errors import CheckFailedError, RegistryError

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.artifact.reference import Reference
    from wasmkit.artifact.verdict import HubVerdict

__all__ = ["WAIT_SECONDS", "PullRequest", "PullResult", "PushRequest", "PushResult"]

WAIT_SECONDS = 120.0
"""How long a push waits for the hub's verdict; measuring a Python filter takes a few seconds."""


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A project or a ``.wasm`` file, and the place it goes to, ``HOST/NAME[:TAG]``.

    ``name`` and ``version`` are a file's alone: empty are the last part of NAME, and the tag.
    """

    path: Path
    reference: str
    name: str = ""
    version: str = ""
    force: bool = False
    """Replace a version that exists with other content."""
    plain_http: bool = False
    """No TLS; this machine's own registries have none without it."""
    wait_seconds: float = WAIT_SECONDS
    """How long the hub's verdict is waited for; 0 asks for none."""


@dataclass(frozen=True, slots=True)
class PushResult:
    """What the registry holds now: both digests, and whether the image was there before."""

    reference: Reference
    image_digest: str
    module_sha256: str
    module_size: int
    already_there: bool
    verdict: HubVerdict | None = None
    """None if none was waited for, or the registry has none."""

    @property
    def exit_code(self) -> int:
        """Return what the verdict means to a script: 1 blocked, 4 the hub broke off, else 0."""
        state = "" if self.verdict is None else self.verdict.state
        codes = {"blocked": CheckFailedError.exit_code, "unreachable": RegistryError.exit_code}
        return codes.get(state, 0)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A reference, ``HOST/NAME[:TAG][@DIGEST]``, and the file for its module."""

    reference: str
    output: Path
    force: bool = False
    """Overwrite the file if it exists."""
    plain_http: bool = False
    """No TLS; this machine's own registries have none without it."""


@dataclass(frozen=True, slots=True)
class PullResult:
    """What was fetched and checked; ``image_digest`` is of the manifest that holds the module."""

    reference: Reference
    file: Path
    image_digest: str
    module_sha256: str
    module_size: int
