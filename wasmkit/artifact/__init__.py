"""What is pushed: the OCI image of a filter, its referrers, and the way to a registry and back.

``push_filter`` and ``pull_filter`` are the verbs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.artifact.requests import (
    WAIT_SECONDS,
    PullRequest,
    PullResult,
    PushRequest,
    PushResult,
)
from wasmkit.progress import silent

if TYPE_CHECKING:
    from wasmkit.progress import Progress

__all__ = [
    "WAIT_SECONDS",
    "PullRequest",
    "PullResult",
    "PushRequest",
    "PushResult",
    "pull_filter",
    "push_filter",
]


def push_filter(request: PushRequest, progress: Progress = silent) -> PushResult:
    """Build if it is a project, inspect, and only then publish.

    Raises ``InputError``, ``BuildError`` and, for a module that the Envoys it is said to be for
    do not load, ``GuestModuleError`` before anything is sent; ``RegistryError`` afterwards. A hub
    that blocks the version is a result: see ``PushResult.verdict``.
    """
    from wasmkit.artifact.push import push  # noqa: PLC0415  # oras and wasmtime load slowly

    return push(request, progress)


def pull_filter(request: PullRequest, progress: Progress = silent) -> PullResult:
    """Fetch a filter's module, check every digest on the way, and write it.

    Raises ``InputError`` for the file, before anything is fetched, and as ``pull_module`` does.
    """
    from wasmkit.artifact.pull import pull  # noqa: PLC0415  # as above

    return pull(request, progress)
