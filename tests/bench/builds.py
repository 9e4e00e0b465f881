"""Build time, as a user waits for it: whole processes, ours and componentize-py's in turn.

The peer's app does by itself what the filter and the SDK do together, on a WIT world with the
callbacks and host calls that the filter uses. Its result is a component, which no Envoy loads.
"""

from __future__ import annotations

import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from bench.child import timed
from bench.figures import Figure, plain, seconds, size, table, times
from wasmkit.cli.progress import progress
from wasmkit.errors import CheckFailedError, MissingPartError
from wasmkit.progress import Step

__all__ = ["GOAL", "Builds", "measure_builds"]

GOAL = 1 / 10
"""At most this share of componentize-py's time."""

_HERE = Path(__file__).parent
_MODULE = b"\0asm\x01\0\0\0"
_COMPONENT = b"\0asm\x0d\0\x01\0"


@dataclass(frozen=True, slots=True)
class Builds:
    """Seconds of whole processes, and what they wrote."""

    wasmkit: Figure
    componentize_py: Figure
    first: Figure
    """``wasmkit build`` with empty caches: the interpreter image is made, or unpacked."""
    module_bytes: int
    component_bytes: int

    @property
    def share(self) -> float:
        return self.wasmkit.median / self.componentize_py.median

    def text(self) -> str:
        verdict = "reached" if self.share <= GOAL else "MISSED"
        rows = [
            ("wasmkit build", self.wasmkit.text(seconds), size(self.module_bytes), "1.00x"),
            (
                "componentize-py componentize",
                self.componentize_py.text(seconds),
                size(self.component_bytes),
                times(1 / self.share),
            ),
            ("wasmkit build, first on a machine", self.first.text(seconds), "", ""),
        ]
        return (
            f"Build of the same filter, whole processes, {len(self.wasmkit.values)} runs each in"
            " turn\n"
            + table(("", "median (min-max)", "result", "time"), rows)
            + f"\nshare of componentize-py's time: {self.share:.3f}; goal: at most {GOAL};"
            f" {verdict}"
        )

    def json(self) -> object:
        return {**plain(self), "share": round(self.share, 4), "goal": GOAL}


def measure_builds(folder: Path, runs: int) -> tuple[Builds, Path, bytes]:
    """Return the times, the project that was built, and its module."""
    timed([_script("wasmkit"), "new", "hello", "--no-input"], folder)
    build = (_script("wasmkit"), "build", "hello", "-o", "hello.wasm")
    progress(Step("first build, with empty caches"))
    first = timed(build, folder, XDG_CACHE_HOME=str(folder / "cache"))
    timed(build, folder)  # leaves the caches warm
    module = _taken(folder / "hello.wasm", _MODULE)
    app = folder / "componentized"
    shutil.copytree(_HERE / "componentized", app)
    componentize = (
        *(_script("componentize-py"), "-q", "-d", "filter.wit", "-w", "filter"),
        *("componentize", "-o", "app.wasm", "app"),
    )
    ours, theirs, component = [], [], b""
    for number in range(1, runs + 1):
        progress(Step(f"build {number} of {runs}"))
        ours.append(timed(build, folder))
        if _taken(folder / "hello.wasm", _MODULE) != module:
            raise CheckFailedError("two builds of the same source differ")
        theirs.append(timed(componentize, app))
        component = _taken(app / "app.wasm", _COMPONENT)
    result = Builds(
        Figure.of(ours), Figure.of(theirs), Figure((first,)), len(module), len(component)
    )
    return result, folder / "hello", module


def _script(name: str) -> str:
    found = shutil.which(name, path=sysconfig.get_path("scripts"))
    if found is None:
        raise MissingPartError(f"the command {name} is not installed", hint="pip install -e .")
    return found


def _taken(file: Path, magic: bytes) -> bytes:
    """Return a file's content and remove it, so that the next run has to write it anew."""
    data = file.read_bytes()
    file.unlink()
    if not data.startswith(magic):
        raise CheckFailedError(f"{file.name} begins with {data[:8]!r} instead of {magic!r}")
    return data
