"""What ``wasmkit run`` serves: a project that is built, or a module that is there already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wasmkit.errors import InputError
from wasmkit.files import read_bounded
from wasmkit.plugin import PluginConfig, VmConfig
from wasmkit.project import configuration_fault, is_project, load_project
from wasmkit.project.json_schema import dotted
from wasmkit.toolchain import build

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from wasmkit.progress import Progress
    from wasmkit.project import Project

__all__ = ["FilterSource"]

_MAX_MODULE = 1024 * 1024 * 1024  # V8 takes no larger one
_MAX_CONFIGURATION = 16 * 1024 * 1024


class FilterSource:
    """A project's folder (or its ``wasmkit.toml``), or a ``.wasm`` file, and a configuration.

    ``configuration`` is what the user gave, JSON text or ``@FILE``; None takes the project's
    example, and nothing for a file. A project's is checked against its schema, a file's goes to
    the filter as it is. ``progress`` is told what takes its time.
    """

    def __init__(self, path: Path, configuration: str | None, *, progress: Progress) -> None:
        self._path = path
        self._text = configuration
        self._progress = progress
        self._is_project = is_project(path)

    def paths(self) -> Iterable[Path]:
        """Return the files and folders on whose content the filter depends."""
        given = [] if (file := self._file()) is None else [file]
        if not self._is_project:
            return [self._path, *given]
        root = self._path if self._path.is_dir() else self._path.parent
        # The schema's file is named in wasmkit.toml, which may be broken at this moment.
        return [root / "src", *root.glob("*.toml"), *root.glob("*.json"), *given]

    def load(self) -> PluginConfig:
        """Build or read the filter; raises ``InputError``, ``BuildError``."""
        given = self._given()
        if not self._is_project:
            module = read_bounded(self._path, _MAX_MODULE, pipes=True)
            return PluginConfig(VmConfig(module), self._path.stem, configuration=given or b"")
        project = load_project(self._path)
        if given is not None:
            _check(project, given)
        if given is None:
            given = json.dumps(project.config.example).encode()
        return project.plugin_config(build(project, progress=self._progress), given)

    def _file(self) -> Path | None:
        if self._text is None or not self._text.startswith("@"):
            return None
        return type(self._path)(self._text[1:])

    def _given(self) -> bytes | None:
        if (file := self._file()) is not None:
            return read_bounded(file, _MAX_CONFIGURATION, pipes=True)
        return None if self._text is None else self._text.encode()


def _check(project: Project, given: bytes) -> None:
    try:
        value = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise InputError(f"--config is not JSON: {error}") from error
    fault = configuration_fault(project.config, value)
    if fault is not None:
        raise InputError(fault.message, file="--config", field=dotted(fault.path), hint=fault.hint)
