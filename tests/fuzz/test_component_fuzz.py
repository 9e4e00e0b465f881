"""The component reader ends only in the project's own errors."""

from __future__ import annotations

import time
from contextlib import suppress

import wasmtime
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wasmkit.errors import BuildError, GuestModuleError
from wasmkit.toolchain.python.component import read_component

MAGIC = b"\0asm\x0d\0\x01\0"

SEED = bytes(
    wasmtime.wat2wasm(
        """(component
          (import "host" (func $host (param "a" u32)))
          (core module $a (memory (export "m") 1) (func (export "f")) (func (export "r")
            (param i32 i32 i32 i32) (result i32) unreachable))
          (core module $b (import "e" "f" (func)) (import "e" "h" (func (param i32)))
            (import "e" "m" (memory 1)) (func (export "run")))
          (core instance $i (instantiate $a))
          (core func $lowered (canon lower (func $host)))
          (core instance $bag (export "f" (func $i "f")) (export "h" (func $lowered))
            (export "m" (memory $i "m")))
          (core instance $j (instantiate $b (with "e" (instance $bag))))
          (func (export "run") (canon lift (core func $j "run")))
        )"""
    )
)


def read(data: bytes) -> None:
    """Read; only BuildError and GuestModuleError may come of it."""
    with suppress(BuildError, GuestModuleError):
        component = read_component(data)
        assert all(module.data in data for module in component.modules)


def section(number: int, content: bytes) -> bytes:
    size = len(content)
    return bytes((number, size & 0x7F | 0x80, size >> 7)) + content


def test_the_seed_is_read() -> None:
    component = read_component(SEED)
    assert len(component.modules) == 2
    assert [instance.module for instance in component.instances] == [0, None, 1]


@given(st.binary(max_size=400))
@example(b"")
@settings(deadline=2_000)
def test_arbitrary_bytes(data: bytes) -> None:
    read(data)
    read(MAGIC + data)


@given(
    st.lists(st.tuples(st.integers(0, 13), st.binary(max_size=60)), max_size=8).map(
        lambda parts: b"".join(section(*part) for part in parts)
    )
)
@settings(deadline=2_000, max_examples=400)
def test_arbitrary_sections(sections: bytes) -> None:
    read(MAGIC + sections)


@given(st.data())
@settings(deadline=2_000, max_examples=600)
def test_mutated_components(data: st.DataObject) -> None:
    component = bytearray(SEED)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(8, len(component) - 1))
        change = data.draw(st.sampled_from(("set", "drop", "add")))
        if change == "set":
            component[at] = data.draw(st.integers(0, 255))
        elif change == "drop":
            del component[at : at + data.draw(st.integers(1, 4))]
        else:
            component[at:at] = data.draw(st.binary(min_size=1, max_size=4))
    read(bytes(component))


def test_truncations() -> None:
    for end in range(len(SEED)):
        read(SEED[:end])


def test_counts_that_nothing_backs_end_at_once() -> None:
    huge = b"\xff\xff\xff\xff\x0f"
    start = time.process_time()
    for number in range(13):
        for head in (huge, b"\x01\x00" + huge, b"\x01\x01" + huge, b"\x01\x00\x00" + huge):
            read(MAGIC + section(number, head + bytes(64)))
    assert time.process_time() - start < 5
