"""The engine for looking inside: a Python filter as ordinary Python in this process.

Breakpoints, coverage and profilers work, since the author's files are imported as they are. The
host is the same as under a Wasm module, so outcomes are the same too; there is no time limit, so
that a debugger may stand still.
"""

from __future__ import annotations

import importlib
import logging
import os
import pdb  # noqa: T100  # it is made to work here, not left behind
import sys
import traceback
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.emulated import EmulatedEngine
from wasmkit.engines.native_host import native_host
from wasmkit.errors import BuildError
from wasmkit.host.threads import Starts
from wasmkit.sdk import HttpFilter, embedding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType, TracebackType

    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits
    from wasmkit.plugin import PluginConfig, VmConfig
    from wasmkit.project import Project

__all__ = ["NativeEngine"]


class NativeEngine(EmulatedEngine):
    """Plays exchanges through a project's filter class; see ``wasmkit.engines.engine.Engine``.

    The plugin's code is not looked at: the project's source stands in for it.
    Entering imports the project's entry from its source folder, anew each time, and raises
    ``BuildError`` with the author's own traceback if that fails, ``GuestModuleError`` if the
    filter refuses its configuration.
    """

    name = "native"

    def __init__(self, project: Project, plugin: PluginConfig, *, trace: bool = False) -> None:
        super().__init__(plugin, starts=Starts.WORKER, trace=trace)
        self._project = project
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(_source_folder(self._project.source_dir))
            super().__enter__()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._stack.close()

    def _make_guest(
        self, vm: VmConfig, calls: Calls, limits: Limits, tracer: Tracer | None
    ) -> _SdkGuest:
        del vm, limits  # this is the user's own code, under the user's own debugger
        return _SdkGuest(self._project, calls, tracer)


class _SdkGuest:
    """A guest whose callbacks are the SDK's, in this interpreter."""

    abi_version = "0.2.1"

    def __init__(self, project: Project, calls: Calls, tracer: Tracer | None) -> None:
        self._tracer = tracer
        self._host = native_host(calls, tracer)
        self._streams = embedding.LogStream(LogLevel.INFO), embedding.LogStream(LogLevel.ERROR)
        self._logging = _RootLogger([], logging.WARNING)
        with self._inside():
            filter_class = _load(project)
            try:
                embedding.start(filter_class, on_error=project.on_error)
            except TypeError as error:
                raise BuildError(f"{project.entry}: {error}") from error
            self._callbacks: dict[str, embedding.Callback] = embedding.callbacks()
            self._logging.install()

    def has(self, name: str) -> bool:
        """Return whether the filter has that callback."""
        return name in self._callbacks

    def call(self, name: str, *arguments: int) -> int:
        """Call it."""
        if self._tracer is not None:
            self._tracer.callback(name, arguments)
        with self._inside():
            result = self._callbacks[name](*arguments)
        if self._tracer is not None:
            self._tracer.returned(name, None if result is None else int(result))
        return result or 0

    def close(self) -> None:
        """Nothing to free: the engine forgets the modules."""

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Make this process look as the filter's VM does: its host, its output, its logging."""
        embedding.bind(self._host)
        stdout, stderr = self._streams
        with redirect_stdout(stdout), redirect_stderr(stderr), self._logging.active(), _debugger():
            yield


class _RootLogger:
    """The state of the root logger as the filter left it, put in place while the filter runs."""

    def __init__(self, handlers: list[logging.Handler], level: int) -> None:
        self._handlers = handlers
        self._level = level

    @contextmanager
    def active(self) -> Iterator[None]:
        root = logging.getLogger()
        before = root.handlers, root.level
        root.handlers = self._handlers
        root.setLevel(self._level)
        try:
            yield
        finally:
            self._handlers, self._level = root.handlers, root.level
            root.handlers = before[0]
            root.setLevel(before[1])

    def install(self) -> None:
        """Send records to the host's log, as ``embedding.install`` does in a module."""
        root = logging.getLogger()
        kept = [each for each in root.handlers if type(each) is not logging.StreamHandler]
        root.handlers = [*kept, embedding.LogHandler()]
        if root.level == logging.WARNING:
            root.setLevel(logging.NOTSET)


@contextmanager
def _debugger() -> Iterator[None]:
    """Let ``breakpoint()`` talk to the terminal although stdout is the filter's log."""
    before = sys.breakpointhook
    if before is sys.__breakpointhook__ and "PYTHONBREAKPOINT" not in os.environ:

        def hook() -> None:
            pdb.Pdb(stdin=sys.__stdin__, stdout=sys.__stdout__).set_trace(sys._getframe(1))  # noqa: SLF001  # the documented way to the caller's frame

        sys.breakpointhook = hook
    try:
        yield
    finally:
        sys.breakpointhook = before


# The author's code


@contextmanager
def _source_folder(folder: Path) -> Iterator[None]:
    """Import from the folder; afterwards its modules are forgotten, and hidden ones are back."""
    names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    hidden = {name: sys.modules[name] for name in sorted(sys.modules) if _top(name) in names}
    for name in hidden:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if _top(name) in names and _is_below(module, folder):
                del sys.modules[name]
        sys.modules.update(hidden)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_below(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or Path(file).is_relative_to(folder)


def _load(project: Project) -> type[HttpFilter]:  # type: ignore[type-arg]  # any configuration
    module_name, _, class_name = project.entry.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001  # whatever the author's module raises
        _refuse(f"importing {module_name!r} failed: {type(error).__name__}: {error}", error)
    filter_class = getattr(module, class_name, None)
    if not (isinstance(filter_class, type) and issubclass(filter_class, HttpFilter)):
        raise BuildError(
            f"{module_name!r} has no class {class_name!r} that is an HttpFilter",
            hint="'entry' in wasmkit.toml is module:Class, the class a subclass of HttpFilter",
        )
    return filter_class


def _refuse(message: str, error: Exception) -> NoReturn:
    """Raise ``BuildError`` with the frames below the import machinery and ours."""
    summary = traceback.TracebackException.from_exception(error)
    while summary.stack and _is_machinery(summary.stack[0].filename):
        del summary.stack[0]
    raise BuildError(message, detail="".join(summary.format())) from error


def _is_machinery(filename: str) -> bool:
    return filename in (__file__, importlib.__file__) or filename.startswith("<frozen importlib")
