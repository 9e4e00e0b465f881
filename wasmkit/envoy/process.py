"""One Envoy as a child process: started, asked, stopped, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from wasmkit.abi.constants import LogLevel
from wasmkit.envoy import _launch
from wasmkit.envoy.binary import INSTALL_HINT
from wasmkit.envoy.bootstrap import CONNECTION_STATS, Bootstrap, bootstrap_json
from wasmkit.envoy.log import LOG_FORMAT, LogPump, LogRecord, guest_message, trap_reason
from wasmkit.errors import GuestModuleError, InputError, MissingPartError, WasmkitError
from wasmkit.http.http1 import MessageReader, message_bytes
from wasmkit.http.message import Message, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from wasmkit.envoy.binary import EnvoyBinary

__all__ = ["EnvoyProcess", "load_error", "private_folder"]

_START_SECONDS = 120.0
_STOP_SECONDS = 5.0
_ADMIN_SECONDS = 10.0
_POLL_SECONDS = 0.01
_BRIEF_SECONDS = 0.0005
# sockaddr_un holds 108 bytes, the last of them NUL; the file is called admin.sock.
_MAX_FOLDER = 90
_KEPT_RECORDS = 1000


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a new folder that only this user can read, short enough for a Unix socket's path."""
    base = tempfile.gettempdir()
    short = len(base.encode()) <= _MAX_FOLDER - 24
    folder = Path(tempfile.mkdtemp(prefix="wasmkit-envoy-", dir=base if short else "/tmp"))  # noqa: S108  # mkdtemp makes it private
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class EnvoyProcess:
    """A stock Envoy with one worker; entering waits until it serves, leaving ends it.

    ``sink`` gets each record of its log, in order, possibly from another thread. The process is
    killed by the kernel when the thread that entered ends, so enter in one that lives as long.

    Entering raises ``GuestModuleError`` when Envoy refuses the filter or dies of it (the hint is
    then the filter's last log line), ``MissingPartError`` when this Envoy cannot run Wasm, and
    ``InputError`` when it does not start for another reason (an address in use).
    """

    def __init__(
        self,
        binary: EnvoyBinary,
        bootstrap: Bootstrap,
        *,
        sink: Callable[[LogRecord], None],
        wasm_log_level: str = "info",
    ) -> None:
        self._binary = binary
        self._bootstrap = bootstrap
        self._sink = sink
        self._wasm_log_level = wasm_log_level
        self._early: list[LogRecord] = []
        self._starting = True

    def __enter__(self) -> Self:
        config = self._bootstrap.admin_socket.with_name("bootstrap.json")
        config.write_text(bootstrap_json(self._bootstrap), encoding="utf-8")
        read_end, write_end = os.pipe()
        try:
            self._child = subprocess.Popen(
                self._command(config),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=write_end,
                # Ctrl-C on a terminal reaches this process alone, which then ends the child.
                start_new_session=True,
            )
        except OSError as error:
            os.close(read_end)
            raise InputError(f"starting {self._binary.path}: {error}") from error
        finally:
            os.close(write_end)
        self._pump = LogPump(read_end, self._take)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        self._starting = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def main_thread(self) -> int:
        """Return the number that log records of Envoy's main thread carry."""
        return self._child.pid

    @property
    def exit_status(self) -> str:
        """Return how the process ended, in words, or nothing while it runs."""
        code = self._child.poll()
        if code is None:
            return ""
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def stop(self) -> None:
        """End the process, by force if it does not end by itself; a second call does nothing."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._child.wait()
        self._pump.close()

    def kill(self) -> None:
        """End a process that hangs, at once."""
        self._child.kill()
        self._child.wait()

    def drain_log(self) -> None:
        """Hand every record that has been written before this call to the sink."""
        self._pump.drain()

    def admin(self, path: str, *, seconds: float = _ADMIN_SECONDS) -> Message:
        """Return the admin interface's answer to a GET; raises ``OSError`` if there is none."""
        close = (b"connection", b"close")
        request = Message.request(b"GET", path.encode(), authority=b"admin", headers=(close,))
        reader = MessageReader(method=b"GET")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(self._bootstrap.admin_socket))
            connection.sendall(message_bytes(request))
            while not reader.done:
                reader.feed(connection.recv(65536))
        if not reader.received.complete:
            raise ConnectionError("Envoy's admin interface closed the connection")
        return reader.received.message

    def stat(self, name: str, *, seconds: float = _ADMIN_SECONDS) -> int:
        """Return a counter or gauge by its full name, 0 if Envoy has not made it yet."""
        path = f"/stats?filter=^{name.replace('.', '[.]')}$"
        answer = self.admin(path, seconds=seconds).body.decode()
        _, _, value = answer.strip().partition(": ")
        return int(value) if value.isdigit() else 0

    def connections_ended(self) -> int:
        """Return how many client connections the worker has done with, their streams included."""
        return self.stat(f"{CONNECTION_STATS}.downstream_cx_destroy")

    def wait_until_ended(self, count: int, *, seconds: float) -> bool:
        """Wait until so many client connections have ended; False if the worker hangs.

        The last callbacks of their streams have then run, and their log lines are written.
        Raises ``OSError`` when Envoy has died.
        """
        deadline = time.monotonic() + seconds
        while self.connections_ended() < count:
            if time.monotonic() > deadline:
                return False
            time.sleep(_BRIEF_SECONDS)
        return True

    def reach_worker(self, *, seconds: float) -> bool:
        """Pass an empty connection through the worker; False if it hangs.

        Whatever the worker was told before, such as to start a filter, it has done then. Raises
        ``OSError`` when Envoy has died.
        """
        before = self.connections_ended()
        socket.create_connection(self.listening(), timeout=seconds).close()
        return self.wait_until_ended(before + 1, seconds=seconds)

    def listening(self) -> tuple[str, int]:
        """Return the address that the listener is bound to."""
        host, _ = self._bootstrap.listen
        text = self.admin("/listeners").body.decode()
        return host, int(text.strip().rpartition(":")[2])

    def _command(self, config: Path) -> list[str]:
        return [
            *(sys.executable, "-I", "-S", str(_launch.__file__), str(os.getpid())),
            str(self._binary.path),
            *("--config-path", str(config)),
            *("--concurrency", "1"),
            "--disable-hot-restart",
            *("--log-level", "warning"),
            *("--component-log-level", f"wasm:{self._wasm_log_level}"),
            *("--log-format", LOG_FORMAT),
        ]

    def _take(self, record: LogRecord) -> None:
        if self._starting and len(self._early) < _KEPT_RECORDS:
            self._early.append(record)
        self._sink(record)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers_ready(deadline - time.monotonic()):
            if self._child.poll() is not None:
                raise self._start_error()
            if time.monotonic() > deadline:
                raise GuestModuleError(
                    f"Envoy was not ready after {_START_SECONDS:.0f} seconds",
                    hint="look for an endless loop in what the filter does at start",
                )
            time.sleep(_POLL_SECONDS)
        self._pump.drain()
        plugin = self._bootstrap.plugin
        # With FAIL_OPEN Envoy goes on without the filter; here that would be a lie.
        error = load_error(self._early, plugin.name, plugin.root_id)
        if error is not None:
            raise error

    def _answers_ready(self, seconds: float) -> bool:
        try:
            return self.admin("/ready", seconds=max(seconds, _POLL_SECONDS)).status == 200
        except OSError:
            return False

    def _start_error(self) -> WasmkitError:
        self._pump.drain()
        plugin = self._bootstrap.plugin
        error = load_error(self._early, plugin.name, plugin.root_id)
        if error is not None:
            return error
        if self._child.returncode < 0:
            return GuestModuleError(
                f"Envoy {self._binary.version_text} died of the module: {self.exit_status}",
                hint="wasmkit inspect names what no Envoy survives",
            )
        told = [r.message for r in self._early if r.level >= LogLevel.ERROR]
        why = as_text(told[-1]).strip() if told else self.exit_status
        return InputError(f"Envoy {self._binary.version_text} did not start: {why}")


def load_error(records: list[LogRecord], name: str, root_id: str) -> WasmkitError | None:
    """Return the error if Envoy's log tells that the filter was refused, else None."""
    guest = [guest_message(record, name, root_id) for record in records]
    own = [record for record, said in zip(records, guest, strict=True) if said is None]
    if any(b"Envoy was compiled without support" in r.message for r in own):
        return MissingPartError("this build of Envoy has no V8, so no Wasm", hint=INSTALL_HINT)
    reasons = [r for r in own if r.logger == "wasm" and r.level >= LogLevel.ERROR]
    if not any(b"failed to load" in record.message for record in reasons):
        return None
    first = reasons[0]
    reason = trap_reason(first) or as_text(first.message.removeprefix(b"Wasm VM failed "))
    last = next((said for said in reversed(guest) if said is not None), b"")
    return GuestModuleError(f"Envoy refuses the filter: {reason}", hint=as_text(last))
