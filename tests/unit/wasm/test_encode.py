"""What is written is valid for wasmtime and is read back as it was."""

from __future__ import annotations

import pytest
import wasmtime

from wasmkit.wasm import encode
from wasmkit.wasm.module import FunctionType, Kind, Limits, SectionId, read_module


def test_a_module_of_every_part() -> None:
    type_ = FunctionType(b"\x7f\x7e", b"\x7f")
    data = encode.assemble(
        [
            encode.section(SectionId.TYPE, encode.vector([encode.function_type(type_)])),
            encode.section(
                SectionId.IMPORT, encode.vector([encode.function_import("env", "f", 0)])
            ),
            encode.section(SectionId.MEMORY, encode.vector([encode.limits(Limits(200, 300, 1))])),
            encode.section(
                SectionId.GLOBAL,
                encode.vector(
                    [
                        encode.i32_global(0xFFFF_FFFF, mutable=False),
                        encode.i32_global(70_000, mutable=True),
                    ]
                ),
            ),
            encode.section(
                SectionId.EXPORT,
                encode.vector(
                    [encode.export("é", Kind.FUNCTION, 0), encode.export("m", Kind.MEMORY, 0)]
                ),
            ),
            encode.section(
                SectionId.DATA, encode.vector([encode.data_segment(0x8000_0000, b"abc")])
            ),
            encode.custom("note", b"text"),
        ]
    )
    wasmtime.Module.validate(wasmtime.Engine(), data)
    module = read_module(data)
    assert module.types == (type_,)
    assert [(item.module, item.name) for item in module.imports] == [("env", "f")]
    assert module.memories == (Limits(200, 300, 1),)
    assert [(g.mutable, g.initial.value) for g in module.globals] == [(False, -1), (True, 70_000)]
    assert [item.name for item in module.exports] == ["é", "m"]
    (segment,) = module.data_segments
    assert segment.offset is not None
    assert segment.offset.value & 0xFFFF_FFFF == 0x8000_0000
    assert module.data[segment.start : segment.end] == b"abc"
    assert module.custom("note") == b"text"


@pytest.mark.parametrize("value", [0, 63, 64, 127, 128, 2**31 - 1, 2**31, 2**32 - 1])
def test_i32_const(value: int) -> None:
    code = b"\x00" + encode.i32_const(value) + b"\x0b"
    data = encode.assemble(
        [
            encode.section(1, encode.vector([encode.function_type(FunctionType(b"", b"\x7f"))])),
            encode.section(3, b"\x01\x00"),
            encode.section(7, encode.vector([encode.export("f", Kind.FUNCTION, 0)])),
            encode.section(10, b"\x01" + bytes((len(code),)) + code),
        ]
    )
    store = wasmtime.Store()
    function = wasmtime.Instance(store, wasmtime.Module(store.engine, data), []).exports(store)["f"]
    assert isinstance(function, wasmtime.Func)
    assert function(store) & 0xFFFF_FFFF == value
