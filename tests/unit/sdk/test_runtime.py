from __future__ import annotations

import importlib
import logging
import os
import random
import subprocess
import sys
import textwrap
import traceback
import uuid
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkhost import MemoryHost, Vm
from wasmkit.sdk import HttpFilter, _host, _runtime
from wasmkit.sdk._runtime import LogHandler, LogStream

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[2]


@pytest.fixture
def host() -> MemoryHost:
    host = MemoryHost()
    _host.bind(host)
    return host


@pytest.fixture
def installed(host: MemoryHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryHost]:
    """Install, and put everything back afterwards."""
    root = logging.getLogger()
    for flag in ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks"):
        monkeypatch.setattr(logging, flag, True, raising=False)
    for owner, name in ((sys, "stdout"), (sys, "stderr")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(_runtime, "_installed", False)
    monkeypatch.setattr(_runtime, "_started", False)
    handlers, level, environ = list(root.handlers), root.level, dict(os.environ)
    root.setLevel(logging.WARNING)
    try:
        _runtime.install()
        yield host
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        os.environ.clear()
        os.environ.update(environ)


def test_lines_are_logged_one_by_one(host: MemoryHost) -> None:
    stream = LogStream(2)
    print("a", "b", file=stream)
    print("c\nd", end="", file=stream)
    assert host.logs == [(2, "a b"), (2, "c")]
    stream.flush()
    stream.flush()
    assert host.logs[2:] == [(2, "d")]


def test_an_endless_line_is_not_kept(host: MemoryHost) -> None:
    stream = LogStream(2)
    for _ in range(100):
        stream.write("x" * 1000)
    assert sum(len(text) for _, text in host.logs) > 80_000
    assert len(host.logs) < 10


def test_a_stream_is_one_of_text(host: MemoryHost) -> None:
    stream = LogStream(4)
    assert (stream.writable(), stream.readable(), stream.isatty()) == (True, False, False)
    assert stream.encoding == "utf-8"
    assert stream.write("é\n") == 2
    with pytest.raises(TypeError, match="must be str, not bytes"):
        stream.write(b"")  # type: ignore[arg-type]  # that is the test
    assert host.logs == [(4, "é")]


@pytest.mark.parametrize(
    ("level", "number"),
    [(1, 0), (5, 0), (10, 1), (15, 1), (20, 2), (30, 3), (40, 4), (50, 5), (500, 5)],
)
def test_levels(host: MemoryHost, level: int, number: int) -> None:
    LogHandler().handle(logging.LogRecord("x", level, "", 0, "%s!", ("a",), None))
    assert host.logs == [(number, "a!")]


def test_install_leads_logging_to_the_host(installed: MemoryHost) -> None:
    assert installed.logs == [], "installing makes no host call"
    logging.getLogger("some.name").debug("value %d", 5)
    warnings.showwarning("old", DeprecationWarning, "f.py", 3, line="x = 1")
    assert installed.logs[0] == (1, "value 5")
    assert installed.logs[1][0] == 3
    assert "f.py:3: DeprecationWarning: old" in installed.logs[1][1]


def test_logged_exceptions_have_a_traceback(installed: MemoryHost) -> None:
    try:
        int("bad")
    except ValueError:
        logging.getLogger().exception("it failed")
    ((level, text),) = installed.logs
    assert level == 4
    assert text.startswith("it failed\nTraceback (most recent call last):\n")
    assert text.endswith("'bad'")


def test_a_bad_logging_call_does_not_fail_its_caller(host: MemoryHost) -> None:
    LogHandler().handle(logging.LogRecord("x", 20, "f.py", 3, "%d", ("no number",), None))
    ((level, text),) = host.logs
    assert level == 4
    assert text.startswith("f.py:3: bad logging call\nTraceback")
    assert "TypeError: %d format" in text


def test_a_late_import_says_what_to_do(installed: MemoryHost) -> None:
    del installed
    with pytest.raises(ImportError, match="no_such_thing is not in this Wasm module: import it at"):
        importlib.import_module("no_such_thing")


def test_a_vm_is_started_once(installed: MemoryHost, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(HttpFilter[None]): ...

    installed.environment = b"TEAM=blau\0EMPTY=\0X=a=b\0"
    monkeypatch.setenv("BUILD_ONLY", "1")
    state = random.getstate()
    monkeypatch.setattr(uuid, "_node", 5)
    Vm(Plain, host=installed)
    assert dict(os.environ) == {"TEAM": "blau", "EMPTY": "", "X": "a=b"}
    assert random.getstate() != state
    assert uuid._node is None  # type: ignore[attr-defined]  # what reseeding is about
    os.environ["TEAM"] = "rot"
    Vm(Plain, host=installed)
    assert os.environ["TEAM"] == "rot"


def test_without_install_nothing_is_touched(host: MemoryHost) -> None:
    state, environ = random.getstate(), dict(os.environ)
    _runtime.start_vm()
    assert (random.getstate(), dict(os.environ), host.calls) == (state, environ, 0)


def test_remembered_source_is_in_tracebacks() -> None:
    source = "def f():\n    raise ValueError('here')\n"
    _runtime.remember_source("/nowhere/filter.py", source)
    space: dict[str, object] = {}
    exec(compile(source, "/nowhere/filter.py", "exec"), space)
    with pytest.raises(ValueError, match="here") as caught:
        space["f"]()  # type: ignore[operator]  # it is the function above
    text = "".join(traceback.format_exception(caught.value))
    assert 'File "/nowhere/filter.py", line 2, in f\n    raise ValueError(' in text


def test_two_starts_of_one_snapshot_draw_different_numbers() -> None:
    """A fork stands for the snapshot: both processes have the same frozen state."""
    script = """
        import os, random, sys, tempfile, uuid
        from sdkhost import MemoryHost, Vm
        from wasmkit.sdk import HttpFilter, _runtime

        class Plain(HttpFilter[None]): ...

        random.seed(1)
        uuid.uuid1(), tempfile.gettempdir()
        out = os.fdopen(os.dup(1), "w")
        _runtime.install()
        child = os.fork()
        Vm(Plain)
        out.write(f"{random.random()}\\n")
        out.flush()
        if child:
            os.waitpid(child, 0)
        os._exit(0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )
    numbers = done.stdout.split()
    assert len(set(numbers)) == 2
    assert "0.13436424411240122" not in numbers, "what random.seed(1) gives first"


def test_output_and_what_the_filter_gave_the_root_logger() -> None:
    script = """
        import datetime, logging, sys
        from sdkhost import MemoryHost
        from wasmkit.sdk import _host, _runtime

        logging.basicConfig(level=logging.ERROR)
        host = MemoryHost()
        _host.bind(host)
        _runtime.install()
        logging.warning("quiet")
        logging.error("loud")
        print("out")
        print("err", file=sys.stderr)
        assert host.logs == [(4, "loud"), (2, "out"), (4, "err")], host.logs
        assert "_strptime" in sys.modules
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
