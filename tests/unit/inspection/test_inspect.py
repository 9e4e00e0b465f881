from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import GuestModuleError, InputError
from wasmkit.inspection import InspectRequest, inspect_file
from wasmkit.inspection.report import Inspection
from wasmkit.profiles import ENVOYS
from wasmkit.records import from_json
from wat_guest import guest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.wasm"
    path.write_bytes(guest())
    return path


def test_every_envoy_is_asked_unless_one_is_named(file: Path) -> None:
    assert [each.envoy for each in inspect_file(InspectRequest(file)).verdicts] == list(ENVOYS)
    one = inspect_file(InspectRequest(file, "1.38.2"))
    assert [each.envoy for each in one.verdicts] == ["1.38"]
    assert one.passed


def test_only_a_named_envoy_can_be_a_failure(file: Path) -> None:
    file.write_bytes(b"\0asm\1\0\0\0")
    assert inspect_file(InspectRequest(file)).passed
    assert not inspect_file(InspectRequest(file, "1.36")).passed


def test_json_is_the_modules_part_of_a_document(file: Path) -> None:
    found = inspect_file(InspectRequest(file))
    assert from_json(Inspection, json.loads(json.dumps(found.to_json()))) == found.inspection


def test_what_cannot_be_inspected(file: Path) -> None:
    with pytest.raises(InputError, match="nothing is known of an Envoy"):
        inspect_file(InspectRequest(file, "0.9"))
    file.write_bytes(b"text")
    with pytest.raises(GuestModuleError):
        inspect_file(InspectRequest(file))
