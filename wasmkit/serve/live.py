"""An Envoy for the author's terminal: it serves while the filter in it is exchanged.

The filter is an extension resource in a file (ECDS), so a new one is taken over without a new
listener: connections survive, and one that Envoy refuses leaves the old one at work.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from wasmkit.envoy.bootstrap import EXTENSION_NAME, Bootstrap, extension_json
from wasmkit.envoy.log import LogRecord, guest_message, trap_reason
from wasmkit.envoy.process import EnvoyProcess, load_error, private_folder
from wasmkit.errors import GuestModuleError, WasmkitError
from wasmkit.http.message import as_text

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from wasmkit.abi.constants import LogLevel
    from wasmkit.envoy.binary import EnvoyBinary
    from wasmkit.plugin import PluginConfig

__all__ = ["Fingerprint", "LiveEnvoy", "fingerprint", "reload_on_change"]

_LOAD_SECONDS = 120.0
_WORKER_SECONDS = 10.0
_POLL_SECONDS = 0.25
_KEPT_RECORDS = 1000


class LiveEnvoy:
    """Stock Envoy on ``listen`` before ``upstream``; entering starts it with the first filter.

    ``say`` gets the filter's log lines, and why it trapped, from the VM that serves; it is called
    from another thread. ``upstream`` is a host's name or address, and a port. Errors are those of
    ``EnvoyProcess``.
    """

    def __init__(
        self,
        binary: EnvoyBinary,
        first: PluginConfig,
        *,
        listen: tuple[str, int],
        upstream: tuple[str, int],
        say: Callable[[LogLevel, str], None],
    ) -> None:
        self._binary = binary
        self._current = first
        self._listen = listen
        self._upstream = upstream
        self._say = say
        self._recent: list[LogRecord] = []
        self._number = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = stack.enter_context(private_folder())
            self._start()
            stack.callback(self._stop)
            self._listen = self._process.listening()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def address(self) -> tuple[str, int]:
        """Return where Envoy listens."""
        return self._listen

    def check(self) -> None:
        """Raise ``GuestModuleError`` if Envoy has ended."""
        if status := self._process.exit_status:
            raise GuestModuleError(
                f"Envoy died of the filter: {status}",
                hint="wasmkit inspect names what no Envoy survives",
            )

    def exchange(self, new: PluginConfig) -> None:
        """Let Envoy serve another filter.

        Raises ``GuestModuleError`` when Envoy refuses it or dies of it; the old one then serves.
        An Envoy that hangs in the old filter is started again.
        """
        old, self._current = self._current, new
        self._recent.clear()
        self._write(new)
        try:
            error = self._refusal()
            hangs = error is None and not self._process.reach_worker(seconds=_WORKER_SECONDS)
            self._process.drain_log()  # what it says while it starts comes before the report
        except OSError:
            self._current = old
            self._process.kill()
            self._start_again()
            raise GuestModuleError(
                "Envoy died of the filter, and was started again with the one from before",
                hint="wasmkit inspect names what no Envoy survives",
            ) from None
        # Envoy has read whichever file it was told of, and never reads it again.
        self._module(self._number if error else self._number - 1).unlink(missing_ok=True)
        if error is not None:
            self._current = old
            raise error
        if hangs:
            self._start_again()

    def _start(self) -> None:
        bootstrap = Bootstrap(
            plugin=self._current,
            module=self._write(self._current),
            listen=self._listen,
            upstream=self._upstream,
            admin_socket=self._folder / "admin.sock",
            extension=self._folder / "filter.json",
        )
        self._loads = 1
        self._process = EnvoyProcess(
            self._binary, bootstrap, sink=self._take, wasm_log_level="debug"
        )
        self._process.__enter__()

    def _stop(self) -> None:
        self._process.stop()

    def _start_again(self) -> None:
        self._stop()
        self._start()

    def _refusal(self) -> WasmkitError | None:
        """Wait until Envoy has tried the last filter; return why it refused it, if so."""
        self._loads += 1
        counter = f"extension_config_discovery.http_filter.{EXTENSION_NAME}.update_attempt"
        deadline = time.monotonic() + _LOAD_SECONDS
        # The admin interface shares its thread with loading, and answers only behind it.
        while self._process.stat(counter, seconds=_LOAD_SECONDS) < self._loads:
            if time.monotonic() > deadline:
                return GuestModuleError("Envoy did not take notice of the new filter")
            time.sleep(0.01)
        self._process.drain_log()
        return load_error(self._recent, self._current.name, self._current.root_id)

    def _write(self, plugin: PluginConfig) -> Path:
        """Write the module and the file that tells Envoy of it; return the module's."""
        self._number += 1
        module = self._module(self._number)
        module.write_bytes(plugin.vm.code)
        # Envoy looks when a file is moved into place, not when one is written to.
        draft = self._folder / "filter.draft"
        draft.write_text(extension_json(plugin, module, str(self._number)), encoding="utf-8")
        os.replace(draft, self._folder / "filter.json")  # noqa: PTH105  # says that it replaces
        return module

    def _module(self, number: int) -> Path:
        return self._folder / f"filter-{number}.wasm"

    def _take(self, record: LogRecord) -> None:
        if len(self._recent) < _KEPT_RECORDS:
            self._recent.append(record)
        if record.thread == self._process.main_thread:
            return  # a VM that only tries the filter out
        said = guest_message(record, self._current.name, self._current.root_id)
        if said is not None:
            self._say(record.level, as_text(said))
        elif (reason := trap_reason(record)) is not None:
            self._say(
                record.level, f"the filter trapped, its VM is dead until the next reload: {reason}"
            )


Fingerprint = dict[Path, tuple[int, int]]
"""Each file's time of change in nanoseconds, and its size."""


def fingerprint(paths: Iterable[Path]) -> Fingerprint:
    """Return the fingerprint of the files, and of the files in the folders."""
    found = {}
    for path in paths:
        for file in (path, *path.rglob("*")):
            if "__pycache__" in file.parts:
                continue
            try:
                status = file.stat()
            except OSError:
                continue  # gone between listing and looking: its absence is the change
            if not file.is_dir():
                found[file] = (status.st_mtime_ns, status.st_size)
    return found


def reload_on_change(
    live: LiveEnvoy,
    *,
    load: Callable[[], PluginConfig],
    paths: Callable[[], Iterable[Path]],
    seen: Fingerprint,
    report: Callable[[WasmkitError | None, float], None],
    stop: threading.Event,
) -> None:
    """Exchange the filter whenever the files at ``paths`` have changed, until ``stop`` is set.

    ``seen`` is their fingerprint from before the first filter was loaded. ``report`` is told of
    each try: its error, if it failed and the old filter serves on, and the seconds it took.
    Raises ``GuestModuleError`` when Envoy itself has died.
    """
    while not stop.wait(_POLL_SECONDS):
        live.check()
        now = fingerprint(paths())
        if now == seen:
            continue
        seen = now
        started = time.monotonic()
        error: WasmkitError | None = None
        try:
            live.exchange(load())
        except WasmkitError as failed:
            error = failed
            live.check()
        report(error, time.monotonic() - started)
