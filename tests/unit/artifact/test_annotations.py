from __future__ import annotations

import pytest

from wasmkit.artifact.annotations import annotations_of, creation_time
from wasmkit.errors import InputError
from wasmkit.inspection import Inspection
from wasmkit.project import FilterFacts
from wasmkit.project.document import FilterDocument


def test_what_is_unknown_leaves_none() -> None:
    bare = FilterDocument(FilterFacts(name="a", version="1.0.0"), Inspection(8, "0" * 64))
    assert annotations_of(bare) == {
        "org.opencontainers.image.title": "a",
        "org.opencontainers.image.version": "1.0.0",
        "dev.wasmkit.module.sha256": "0" * 64,
        "dev.wasmkit.module.size": "8",
        "module.wasm.image/variant": "compat",
    }
    created = annotations_of(bare, "2023-11-14T22:13:20Z")["org.opencontainers.image.created"]
    assert created == "2023-11-14T22:13:20Z"


def test_source_date_epoch_is_the_time_of_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert creation_time() == ""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert creation_time() == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("value", ["yesterday", "1e9", "9" * 30, "-" + "9" * 30])
def test_a_bad_source_date_epoch_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH"):
        creation_time()
