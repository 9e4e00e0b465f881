"""The component reader ends in its own errors, whatever it reads."""

from __future__ import annotations

from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st

from small_component import COMPONENT
from wasm_tools import assemble
from wasmkit.errors import BuildError, GuestModuleError
from wasmkit.toolchain.python.component import Component, read_component
from wasmkit.wasm.leb128 import write_u32

HEAD = b"\0asm\x0d\0\x01\0"


@cache
def valid() -> bytes:
    return assemble(COMPONENT)


def read(data: bytes) -> Component | None:
    try:
        return read_component(data)
    except (BuildError, GuestModuleError):
        return None


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes(data: bytes) -> None:
    read(data)
    read(HEAD + data)


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 6, 8, 10, 11, 200]), st.binary(max_size=40)), max_size=6
    )
)
@example([(2, b"\x01\x01\xff\xff\xff\xff\x0f")])
@example([(6, b"\xff\xff\xff\xff\x0f")])
@example([(8, b"\x01\x01\x00\x00\xff\xff\xff\xff\x0f")])
@settings(max_examples=500, deadline=None)
def test_any_sections(sections: list[tuple[int, bytes]]) -> None:
    read(
        HEAD + b"".join(bytes((number,)) + write_u32(len(data)) + data for number, data in sections)
    )


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_component_with_some_bytes_changed(data: st.DataObject) -> None:
    changed = bytearray(valid())
    places = st.tuples(st.integers(8, len(changed) - 1), st.integers(0, 255))
    for place, byte in data.draw(st.lists(places, min_size=1, max_size=4)):
        changed[place] = byte
    read(bytes(changed))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_component_that_is_cut_or_has_bytes_put_in(data: st.DataObject) -> None:
    whole = valid()
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    read(whole[:begin] + data.draw(st.binary(max_size=8)) + whole[end:])


def test_the_component_itself_is_read() -> None:
    assert read(valid()) is not None
