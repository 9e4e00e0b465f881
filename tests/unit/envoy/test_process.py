from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from wasmkit.abi.constants import LogLevel
from wasmkit.envoy.log import LogRecord
from wasmkit.envoy.process import load_error, private_folder
from wasmkit.errors import GuestModuleError, MissingPartError, WasmkitError

if TYPE_CHECKING:
    from pathlib import Path


def records(*messages: tuple[LogLevel, str]) -> list[LogRecord]:
    return [LogRecord(level, "wasm", 1, message.encode()) for level, message in messages]


SAID = (LogLevel.INFO, "wasm log rooty: line one\nline two")
FAILED = (LogLevel.CRITICAL, "Plugin hello failed to load")

# What Envoy 1.40.0 (the last: 1.38.3) logs for modules that it refuses.
REFUSALS: dict[str, tuple[list[LogRecord], type[WasmkitError], str, str]] = {
    "configure": (
        records(
            SAID,
            (LogLevel.ERROR, "Wasm VM failed Failed to configure base Wasm plugin"),
            FAILED,
        ),
        GuestModuleError,
        "Envoy refuses the filter: Failed to configure base Wasm plugin",
        "line one\nline two",
    ),
    "import": (
        records(
            (LogLevel.ERROR, "Failed to load Wasm module due to a missing import: env.nope"),
            (LogLevel.ERROR, "Wasm VM failed Failed to initialize Wasm code"),
            FAILED,
        ),
        GuestModuleError,
        "Envoy refuses the filter: Failed to load Wasm module due to a missing import: env.nope",
        "",
    ),
    "trap": (
        records(
            SAID,
            (LogLevel.ERROR, "Function: proxy_on_vm_start failed: Uncaught RuntimeError: x"),
            (LogLevel.ERROR, "Wasm VM failed Failed to start base Wasm"),
            FAILED,
        ),
        GuestModuleError,
        "Envoy refuses the filter: proxy_on_vm_start failed: Uncaught RuntimeError: x",
        "line one\nline two",
    ),
    "no V8": (
        records(
            (
                LogLevel.WARN,
                (
                    "Failed to create Wasm VM using envoy.wasm.runtime.v8 runtime. Envoy was"
                    " compiled without support for it"
                ),
            ),
            (LogLevel.ERROR, "Wasm VM failed Failed to load Wasm code"),
            FAILED,
        ),
        MissingPartError,
        "this build of Envoy has no V8, so no Wasm",
        "pip install 'wasmkit[envoy]'",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_why_envoy_refuses_a_filter(name: str) -> None:
    log, kind, text, hint = REFUSALS[name]
    error = load_error(log, "hello", "rooty")
    assert type(error) is kind
    assert (str(error), error.hint) == (text, hint)


def test_errors_that_a_filter_logs_are_no_refusal() -> None:
    said = (LogLevel.ERROR, "wasm log hello rooty: Plugin hello failed to load")
    assert load_error(records(SAID, said), "hello", "rooty") is None
    assert load_error([], "hello", "rooty") is None


def test_a_private_folder_is_short_and_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    for base in (tmp_path, deep):
        monkeypatch.setattr(tempfile, "tempdir", str(base))
        with private_folder() as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            assert len(str(folder / "admin.sock").encode()) < 108
        assert not folder.exists()
