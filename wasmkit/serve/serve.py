"""The verb: stock Envoy with a filter in front of an upstream, reloaded when the source changes."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.ends import Upstream
from wasmkit.progress import Event, Step, silent
from wasmkit.serve.echo import echo
from wasmkit.serve.live import LiveEnvoy, fingerprint, reload_on_change
from wasmkit.serve.served import FilterSource

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.abi.constants import LogLevel
    from wasmkit.errors import WasmkitError
    from wasmkit.progress import Progress

__all__ = ["LineLogged", "Reloaded", "ServeRequest", "Serving", "serve_filter"]

Address = tuple[str, int]
"""A host's name or address, and a port."""


@dataclass(frozen=True, slots=True)
class ServeRequest:
    """A project or a ``.wasm`` file, where Envoy listens, and where it forwards to.

    Port 0 takes any that is free. Without ``upstream``, one answers what it saw.
    ``configuration`` is JSON or ``@FILE``; None takes the project's example. ``envoy`` names the
    program to run instead of the one that is found.
    """

    path: Path
    listen: Address = ("127.0.0.1", 10000)
    upstream: Address | None = None
    configuration: str | None = None
    envoy: Path | None = None


@dataclass(frozen=True, slots=True)
class Serving(Event):
    """Envoy has started; ``address`` is where it listens."""

    name: str
    envoy: str
    """Its version."""
    address: Address


@dataclass(frozen=True, slots=True)
class LineLogged(Event):
    """The filter has logged something; told from a thread of its own."""

    level: LogLevel
    message: str


@dataclass(frozen=True, slots=True)
class Reloaded(Event):
    """The source has changed: the new filter serves, or, with ``error``, the one from before."""

    seconds: float
    error: WasmkitError | None = None


def serve_filter(
    request: ServeRequest, progress: Progress = silent, stop: threading.Event | None = None
) -> None:
    """Serve until ``stop`` is set or the process is interrupted.

    Tells ``Serving`` once, then ``LineLogged`` and ``Reloaded``. Raises ``InputError`` and
    ``BuildError`` for the filter that it starts with, ``MissingPartError`` without Envoy,
    ``GuestModuleError`` when Envoy refuses that filter or dies of one.
    """
    binary = find_envoy(request.envoy)
    source = FilterSource(request.path, request.configuration, progress=progress)
    seen = fingerprint(source.paths())
    first = source.load()
    with ExitStack() as stack:
        upstream = request.upstream
        if upstream is None:
            upstream = stack.enter_context(Upstream(echo)).address
        progress(Step(f"starting Envoy {binary.version_text}"))
        live = LiveEnvoy(
            binary,
            first,
            listen=request.listen,
            upstream=upstream,
            say=lambda level, message: progress(LineLogged(level, message)),
        )
        stack.enter_context(live)
        progress(Serving(first.name, binary.version_text, live.address))
        reload_on_change(
            live,
            load=source.load,
            paths=source.paths,
            seen=seen,
            report=lambda error, seconds: progress(Reloaded(seconds, error)),
            stop=stop or threading.Event(),
        )
