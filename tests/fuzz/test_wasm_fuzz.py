"""The module reader, the scans and the inspection end only in their own error, and in time."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loadcases import CASES
from wasmkit.errors import GuestModuleError
from wasmkit.inspection import inspect_module
from wasmkit.inspection.files import read_module_file
from wasmkit.wasm.features import scan_features
from wasmkit.wasm.module import MAGIC, read_module

SEEDS = [case.module for case in CASES]


def inspect(data: bytes) -> None:
    """Inspect; only GuestModuleError may come of it."""
    with suppress(GuestModuleError):
        inspect_module(data)


def u32(value: int) -> bytes:
    return bytes(value >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21)) + bytes((value >> 28,))


@given(st.binary(max_size=400))
@example(b"")
@example(MAGIC)
@settings(deadline=2_000)
def test_arbitrary_bytes(data: bytes) -> None:
    inspect(data)
    inspect(MAGIC + data)


@given(
    st.lists(
        st.tuples(st.integers(0, 15), st.binary(max_size=60)).map(
            lambda part: bytes((part[0],)) + u32(len(part[1])) + part[1]
        ),
        max_size=8,
    )
)
@settings(deadline=2_000)
def test_arbitrary_sections(sections: list[bytes]) -> None:
    inspect(MAGIC + b"".join(sections))


@given(st.sampled_from(SEEDS), st.data())
@settings(deadline=2_000, max_examples=400)
def test_mutated_modules(seed: bytes, data: st.DataObject) -> None:
    module = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(8, len(module) - 1))
        change = data.draw(st.sampled_from(("set", "drop", "add")))
        if change == "set":
            module[at] = data.draw(st.integers(0, 255))
        elif change == "drop" and len(module) > 10:
            del module[at : at + data.draw(st.integers(1, 4))]
        else:
            module[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        if len(module) < 10:
            break
    inspect(bytes(module))


@pytest.mark.parametrize("number", range(0, len(SEEDS), 7))
def test_truncations(number: int) -> None:
    seed = SEEDS[number]
    for end in range(len(seed)):
        inspect(seed[:end])


@given(st.binary(max_size=200))
@settings(deadline=2_000)
def test_arbitrary_code(code: bytes) -> None:
    body = u32(len(code) + 1) + b"\x00" + code
    head = MAGIC + b"\x01\x04\x01\x60\x00\x00" + b"\x03\x02\x01\x00" + b"\x08\x01\x00"
    module = read_module(head + b"\x0a" + u32(len(body) + 1) + b"\x01" + body)
    scan_features(module)
    inspect(module.data)


# Input on which a careless scan takes a time that grows faster than the input.
MEGABYTE = 1 << 20
SLOW = {
    "endless-integers": b"\x41" + b"\x80" * MEGABYTE,
    "two-integers": b"\x28" + b"\x80" * MEGABYTE,
    "tables-of-branches": b"\x0e\x01\x00\x00" * (MEGABYTE // 4),
    "blocks": b"\x02\x40" * (MEGABYTE // 2),
    "vectors": b"\xfd\x0c" * (MEGABYTE // 2),
}


@pytest.mark.parametrize("name", SLOW)
def test_time_is_linear(name: str) -> None:
    code = SLOW[name]
    body = u32(len(code) + 1) + b"\x00" + code
    head = MAGIC + b"\x01\x04\x01\x60\x00\x00" + b"\x03\x02\x01\x00" + b"\x08\x01\x00"
    data = head + b"\x0a" + u32(len(body) + 1) + b"\x01" + body
    start = time.process_time()
    inspect(data)
    assert time.process_time() - start < 60  # three seconds on an idle core


def test_bodies_that_each_claim_all_locals() -> None:
    count = 100_000
    bodies = (u32(6) + u32(0x0FFF_FFFF) + b"\x0b") * count
    head = (
        MAGIC + b"\x01\x04\x01\x60\x00\x00" + b"\x03" + u32(5 + count) + u32(count) + bytes(count)
    )
    start = time.process_time()
    inspect(head + b"\x0a" + u32(5 + len(bodies)) + u32(count) + bodies)
    assert time.process_time() - start < 10


@given(st.binary(max_size=300))
def test_files(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = Path(tmp_path_factory.getbasetemp()) / "fuzz.wasm"
    file.write_bytes(data)
    with suppress(GuestModuleError):
        read_module_file(file)
