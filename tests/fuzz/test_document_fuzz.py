from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from wasmkit.errors import InputError
from wasmkit.inspection import inspect_module
from wasmkit.project import FilterFacts
from wasmkit.project.document import Configuration, FilterDocument
from wat_guest import guest

DOCUMENT = FilterDocument(
    FilterFacts(name="hello", version="0.1.0", authors=("A",)),
    inspect_module(guest()),
    Configuration({"type": "object"}, {"a": 1}),
)
TEXT = DOCUMENT.to_bytes().decode()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def read(data: bytes) -> None:
    """What is read can be written, and reads the same again; all else is an ``InputError``."""
    try:
        document = FilterDocument.from_bytes(data)
    except InputError:
        return
    assert FilterDocument.from_bytes(document.to_bytes()) == document


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
def test_bytes(data: bytes) -> None:
    read(data)


@settings(max_examples=300)
@given(st.data())
def test_damaged_texts(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 20)))
    piece = data.draw(st.sampled_from(["{", "]", ",", '"', "1e999", "null", "-1"]) | st.text())
    read((TEXT[:start] + piece + TEXT[end:]).encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(st.data())
def test_other_values(data: st.DataObject) -> None:
    value: Any = json.loads(TEXT)
    place = value
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
            place = inner
            continue
        place[key] = data.draw(VALUES)
        break
    read(json.dumps(value).encode())
