"""Builds a filter written in Python: imports it in the image and freezes what results."""

from __future__ import annotations

import json
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmkit.errors import BuildError
from wasmkit.host.guest.compiled import compile_module
from wasmkit.toolchain.python.glue import CALLBACKS
from wasmkit.toolchain.python.interpreter import Interpreter
from wasmkit.toolchain.python.snapshot import write_snapshot
from wasmkit.toolchain.python.sources import ModuleSources
from wasmkit.toolchain.python.trim import Cuts, without_bodies
from wasmkit.wasm.features import CodeScan, scan_code
from wasmkit.wasm.module import Kind, Module, read_module

if TYPE_CHECKING:
    from wasmkit.project import Project

__all__ = [
    "IMAGE_SECTION",
    "CompiledImage",
    "Image",
    "build_module",
    "read_code",
    "write_code",
]

_ALWAYS = ("proxy_abi_version_0_2_1", "proxy_on_memory_allocate")


IMAGE_SECTION = "wasmkit.image"
"""The custom section of an image: JSON with the table slot of ``exchange``, the address of the
callbacks' functions, and what can be cut of the code."""


@dataclass(frozen=True, slots=True)
class Image:
    """The image's module and the standard library as a zip of its sources."""

    module: bytes
    library: bytes


def write_code(module: Module, cuts: Cuts) -> dict[str, list[str]] | None:
    """Return, as JSON, what ``scan_code`` says of every module that is built of an image's code.

    None if that depends on what is cut: if only bodies that can be cut use some feature.
    """
    code = scan_code(module)
    if code != scan_code(module, cuts.for_modules(())):
        return None
    return {
        "features": sorted(code.features),
        "types": sorted(item.hex() for item in code.types),
    }


def read_code(value: dict[str, list[str]]) -> CodeScan:
    """Return what ``write_code`` wrote."""
    types = frozenset(map(bytes.fromhex, value["types"]))
    return CodeScan(frozenset(value["features"]), types)


class CompiledImage:
    """An image ready to run: its code compiled for this machine, its parts, the library."""

    def __init__(self, image: Image) -> None:
        self.compiled = compile_module(image.module)
        self.module: Module = read_module(image.module)
        self.library = image.library
        details = self.module.custom(IMAGE_SECTION)
        if details is None:
            raise BuildError("the interpreter image does not describe itself")
        places = json.loads(details)
        self.exchange_slot: int = places["exchange"]
        self.callbacks: int = places["callbacks"]
        self.cuts = Cuts.from_json(places["cuts"])
        self.code = None if places["code"] is None else read_code(places["code"])


def build_module(image: CompiledImage, project: Project) -> bytes:
    """Return the module of a project.

    Raises ``BuildError`` whose ``detail`` is the author's own traceback, without the tool's
    frames, if importing the filter or binding its class fails.
    """
    module, _, class_name = project.entry.partition(":")
    job = {
        "module": module,
        "class": class_name,
        "on_error": project.on_error,
        "own": _own_modules(project.source_dir),
    }
    folders = [("author", project.source_dir), ("site", Path(sysconfig.get_path("purelib")))]
    builder = _Builder(ModuleSources(image.library, folders), job)
    interpreter = Interpreter(image.compiled, image.exchange_slot, builder.answer)
    interpreter.run("import _wasmkit_bootstrap; _wasmkit_bootstrap.build()")
    _raise_for(builder.result, "".join(interpreter.output), project)
    interpreter.run("import _wasmkit_bootstrap; _wasmkit_bootstrap.finish()")
    return _freeze(image, interpreter, builder.result)


def _own_modules(folder: Path) -> list[str]:
    """Return the names of the modules and packages at the top of a project's source."""
    try:
        files = [path for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()]
    except OSError:
        return []
    return sorted({path.stem for path in files})


class _Builder:
    """Answers the bootstrap's requests for one filter."""

    def __init__(self, sources: ModuleSources, job: dict[str, Any]) -> None:
        self.result: dict[str, Any] = {}
        self._sources = sources
        self._job = json.dumps(job).encode()

    def answer(self, request: bytes) -> bytes:
        kind, content = request[:1], request[1:]
        if kind == b"J":
            return self._job
        if kind == b"R":
            self.result = json.loads(content)
            return b""
        source = self._sources.find(content.decode())
        return b"" if source is None else source.encoded()


def _raise_for(result: dict[str, Any], output: str, project: Project) -> None:
    if "error" in result:
        raise BuildError(
            f"importing the filter {project.entry} failed: {result['error']}",
            detail=output + result["traceback"],
        )
    if "taken" in result:
        raise BuildError(
            f"src/ has a module named {result['taken']}, and so has Python's standard library",
            hint="give it another name: the SDK has imported the library's already",
        )
    if "missing" in result:
        raise BuildError(
            f"src/{result['module'].replace('.', '/')}.py has no class {result['missing']}",
            hint=f"entry in {project.root / 'wasmkit.toml'} is module:Class",
        )
    if "callbacks" not in result:
        raise BuildError("the build ended without a result", detail=output)


def _freeze(image: CompiledImage, interpreter: Interpreter, result: dict[str, Any]) -> bytes:
    callbacks: dict[str, int] = result["callbacks"]
    for number, name in enumerate(CALLBACKS):
        interpreter.write_word(image.callbacks + 4 * number, callbacks.get(name, 0))
    exports = [(name, Kind.FUNCTION, name) for name in (*_ALWAYS, *sorted(callbacks))]
    exports.append(("memory", Kind.MEMORY, "memory"))
    code = without_bodies(image.module, image.cuts.for_modules(result["modules"]))
    return write_snapshot(image.module, interpreter.snapshot({}), exports=exports, code=code)
