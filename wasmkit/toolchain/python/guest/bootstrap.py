# ruff: noqa: INP001, PLC0415  # a module by itself, whose own imports must not stay in the image
"""Runs inside the interpreter image: imports what the builder hands it.

The image has no file system. ``_proxy_wasm.exchange`` sends bytes to the builder outside and
returns its answer: the one channel for sources, jobs and results. When a filter has been built
nothing of this module is left in the snapshot.
"""

import sys
from _frozen_importlib import ModuleSpec

import _proxy_wasm  # type: ignore[import-not-found]  # a builtin module of the image

TYPE_CHECKING = False  # typing is large and need not be in every image
if TYPE_CHECKING:
    from traceback import TracebackException
    from types import ModuleType
    from typing import Any

__all__ = ["build", "finish", "prepare"]

MODULE, JOB, RESULT = b"M", b"J", b"R"


class _Importer:
    """Asks the builder for the source of a module; the first on ``sys.meta_path`` after builtins.

    The answer is empty, or lines of: kind (``library``, ``site`` or ``author``), file name,
    1 for a package; then the source. A native extension comes as kind ``native``.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        del path, target  # the builder finds a module by its full name
        answer = _proxy_wasm.exchange(MODULE + name.encode())
        if not answer:
            return None
        kind, file, package, source = answer.split(b"\n", 3)
        if kind == b"native":
            raise ImportError(
                f"{name} is a native extension ({file.decode()}); a filter runs as WebAssembly"
                " and can hold pure Python only",
                name=name,
            )
        loader: Any = self  # importlib calls nothing but what this class has
        spec = ModuleSpec(name, loader, origin=file.decode(), is_package=package == b"1")
        spec.has_location = False
        spec.loader_state = (kind, source)
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        del spec  # None means: as usual

    def exec_module(self, module: "ModuleType") -> None:
        spec: Any = module.__spec__
        kind, source = spec.loader_state
        spec.loader_state = None
        # Docstrings of the standard library are dead weight in every module that holds them.
        optimise = 2 if kind == b"library" else 0
        try:
            code = compile(source, spec.origin, "exec", 0, True, optimise)
        except SyntaxError as error:
            if error.filename is None:
                error.add_note(f"in {spec.origin}")
            raise
        if kind == b"author":
            _remember_source(spec.origin, source.decode("utf-8-sig", "replace"))
        module.__file__ = spec.origin
        exec(code, module.__dict__)  # noqa: S102  # this is what an importer does


_importer = _Importer()


def _remember_source(file: str, source: str) -> None:
    sdk = sys.modules.get("wasmkit.sdk.embedding")
    if sdk is not None:
        sdk.remember_source(file, source)


def prepare(preload: list[str]) -> None:
    """Make the image: replace the import system, drop what pre-initialisation left, preload."""
    sys.path[:] = []
    sys.path_hooks[:] = []
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if getattr(finder, "__name__", "") in ("BuiltinImporter", "FrozenImporter")
    ]
    sys.meta_path.append(_importer)
    for name in ("collect", "site", "_sitebuiltins", "sitecustomize", "usercustomize"):
        sys.modules.pop(name, None)
    for name in preload:
        __import__(name)
    sdk = sys.modules["wasmkit.sdk.embedding"]
    sdk.import_companions()
    _proxy_wasm.exchange(RESULT + b'{"host_error": %d}' % id(sdk.HostError))


def build() -> None:
    """Import the filter that the builder names and report what the host must call."""
    import json

    job = json.loads(_proxy_wasm.exchange(JOB))
    try:
        result = _load(job)
    except BaseException as error:  # noqa: BLE001  # whatever the author's code raises is the author's to see
        result = {"error": _describe(error), "traceback": _traceback(error)}
    _proxy_wasm.exchange(RESULT + json.dumps(result).encode())


def _load(job: "dict[str, Any]") -> "dict[str, Any]":
    from wasmkit.sdk import embedding

    for name in job["own"]:
        if name in sys.modules:
            return {"taken": name}
    module = __import__(job["module"], fromlist=["*"])
    filter_class = getattr(module, job["class"], None)
    if filter_class is None:
        return {"missing": job["class"], "module": job["module"]}
    embedding.bind(_proxy_wasm)
    embedding.start(filter_class, on_error=job["on_error"])
    callbacks = embedding.callbacks()
    _proxy_wasm.callbacks = callbacks  # kept alive: the host knows their addresses only
    embedding.install()
    sys.meta_path.remove(_importer)
    return {
        "callbacks": {name: id(function) for name, function in callbacks.items()},
        "modules": sorted(sys.modules),
    }


def _describe(error: BaseException) -> str:
    """Return the error in one line; the traceback has the whole of it."""
    try:
        text, *more = str(error).splitlines() or [""]
    except BaseException:  # noqa: BLE001  # an author's class may fail to show itself
        text, more = "(its text cannot be shown)", []
    if more or len(text) > _MAX_LINE:
        text = text[:_MAX_LINE] + " …"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


_MAX_LINE = 300


def _traceback(error: BaseException) -> str:
    """Format a traceback without the frames of this module, of imports and of the SDK."""
    import traceback

    shown = traceback.TracebackException.from_exception(error)
    _leave_out(shown, set())
    return "".join(shown.format())


def _leave_out(shown: "TracebackException", seen: set[int]) -> None:
    """Leave the tool's frames out of an exception, its causes and its group's members."""
    seen.add(id(shown))
    frames = [frame for frame in shown.stack if not frame.filename.startswith(_OWN_FRAMES)]
    shown.stack[:] = frames
    if not frames:
        shown.stack = None  # type: ignore[assignment]  # format() then leaves the heading out
    for other in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if other is not None and id(other) not in seen:
            _leave_out(other, seen)


_OWN_FRAMES = ("<frozen", "<bootstrap", "wasmkit/")


def finish() -> None:
    """Drop everything that only the build needed."""
    import gc

    # A builtin module that nobody imported has no code any more (trim.py): let the SDK's finder
    # say that it is absent.
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if getattr(finder, "__name__", "") not in ("BuiltinImporter", "FrozenImporter")
    ]
    for name in ("_wasmkit_bootstrap", "__main__"):
        sys.modules.pop(name, None)
    gc.collect()
    gc.freeze()
