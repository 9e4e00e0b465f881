from __future__ import annotations

import pytest

from small_component import COMPONENT
from wasm_tools import assemble
from wasmkit.errors import BuildError, GuestModuleError
from wasmkit.toolchain.python.component import CoreInstance, Provider, read_component
from wasmkit.wasm.module import Kind

HEAD = b"\0asm\x0d\0\x01\0"
HOST = Provider(-1, "")


def test_modules_and_their_wiring() -> None:
    component = read_component(assemble(COMPONENT))
    assert len(component.modules) == 4
    (initialiser,) = [each for each in component.instances if "libx.so" in each.arguments]
    main, libc = initialiser.arguments["env"], initialiser.arguments["libc.so"]
    assert component.instances[main] == CoreInstance(0)
    assert set(component.instances[libc].arguments) == {
        "env",
        "wasi:clocks/monotonic-clock@0.2.0",
    }
    bag = component.instances[component.instances[libc].arguments["env"]]
    assert bag.module is None
    assert bag.exports[Kind.MEMORY, "memory"] == Provider(main, "memory")
    assert bag.exports[Kind.GLOBAL, "__memory_base"] == Provider(main, "libc.so:memory_base")
    assert bag.exports[Kind.FUNCTION, "late"] == Provider(main, "late")
    clock = component.instances[
        component.instances[libc].arguments["wasi:clocks/monotonic-clock@0.2.0"]
    ]
    assert clock.exports == {(Kind.FUNCTION, "now"): HOST}


def test_what_fills_the_function_space_is_counted() -> None:
    """Aliases, lowered functions and resource functions number functions; lifts do not."""
    component = read_component(
        assemble(r"""
        (component
          (import "a" (func $a (param "x" string)))
          (import "i" (instance $i (export "r" (type (sub resource)))))
          (type $own (resource (rep i32)))
          (alias export $i "r" (type $r))
          (core module $m
            (memory (export "memory") 1)
            (func (export "f"))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
          (core instance $n (instantiate $m))
          (alias core export $n "f" (core func $f))
          (alias core export $n "memory" (core memory $memory))
          (alias core export $n "realloc" (core func $realloc))
          (core func $lowered (canon lower (func $a)
            (memory $memory) (realloc (core func $realloc)) string-encoding=utf16))
          (type $t (func))
          (func $lifted (type $t) (canon lift (core func $f)))
          (func $posted (type $t) (canon lift (core func $f) (post-return (core func $f))))
          (core func $drop (canon resource.drop $r))
          (core func $new (canon resource.new $own))
          (core func $rep (canon resource.rep $own))
          (alias core export $n "f" (core func $again))
          (core instance (export "1" (func $f)) (export "2" (func $lowered))
            (export "3" (func $drop)) (export "4" (func $new)) (export "5" (func $rep))
            (export "6" (func $again)) (export "7" (memory $memory)))
          (export "out" (func $lifted)))
        """)
    )
    assert component.instances[1].exports == {
        (Kind.FUNCTION, "1"): Provider(0, "f"),
        (Kind.FUNCTION, "2"): HOST,
        (Kind.FUNCTION, "3"): HOST,
        (Kind.FUNCTION, "4"): HOST,
        (Kind.FUNCTION, "5"): HOST,
        (Kind.FUNCTION, "6"): Provider(0, "f"),
        (Kind.MEMORY, "7"): Provider(0, "memory"),
    }


def test_nested_components_are_skipped() -> None:
    component = read_component(
        assemble("""
        (component $outer
          (type $t (list u8))
          (core module $own)
          (component
            (alias outer $outer $t (type))
            (alias outer $outer $own (core module))
            (core module $inner (func)))
          (core instance (instantiate $own)))
        """)
    )
    assert len(component.modules) == 1
    assert component.instances == (CoreInstance(0),)


def test_an_alias_of_an_outer_component_numbers_nothing_of_ours() -> None:
    # Section 6: sort core module (00 11), target outer (02), one component up, item 0; then a
    # core function "f" of instance 0. Read as top-level here, where validity does not matter.
    aliases = b"\x02\0\x11\x02\x01\0\0\0\x01\0\x01f"
    bag = b"\x01\x01\x01\x01g\0\0"
    component = read_component(HEAD + section(6, aliases) + section(2, bag))
    assert component.instances[0].exports == {(Kind.FUNCTION, "g"): Provider(0, "f")}


def section(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes((number, len(content))) + content


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "no WebAssembly component of the known version", id="empty"),
        pytest.param(b"\0asm\x01\0\0\0", "no WebAssembly component", id="core-module"),
        pytest.param(b"\0asm\x0c\0\x01\0", "no WebAssembly component", id="older-version"),
        pytest.param(HEAD + b"\x02", "at byte 9: it is cut short", id="no-size"),
        pytest.param(HEAD + b"\x02\x05\x00", "at byte 10: it is cut short", id="section-past-end"),
        pytest.param(
            HEAD + b"\x02\xff\xff\xff\xff\xff\x01", "more than 32 bits", id="size-too-long"
        ),
        pytest.param(
            HEAD + section(2, b"\x01\x02"), "a core instance has the unknown form 2", id="instance"
        ),
        pytest.param(
            HEAD + section(2, b"\x01\x01\x01\x01a\0\0"),
            "there is no core function 0",
            id="unknown-function",
        ),
        pytest.param(
            HEAD + section(2, b"\x01\x01\x01\x01a\x09\0"), "9 is not a valid Kind", id="sort"
        ),
        pytest.param(
            HEAD + section(2, b"\x01\x01\x01\x01\xff\0\0"), "can't decode byte 0xff", id="name"
        ),
        pytest.param(
            HEAD + section(2, b"\x00\x00"), "section 2 does not end where it says", id="too-early"
        ),
        pytest.param(
            HEAD + section(8, b"\x01\x07"), "definition has the unknown form 7", id="canonical"
        ),
        pytest.param(HEAD + section(6, b"\x01\0\0\x01\0\x7fa"), "it is cut short", id="long-name"),
    ],
)
def test_malformed(data: bytes, message: str) -> None:
    with pytest.raises(BuildError) as caught:
        read_component(data)
    assert message in str(caught.value)


def test_a_malformed_core_module_is_refused_as_one() -> None:
    with pytest.raises(GuestModuleError, match="TYPE section is malformed"):
        read_component(HEAD + section(1, b"\0asm\x01\0\0\0" + section(1, b"\x01\x60")))
