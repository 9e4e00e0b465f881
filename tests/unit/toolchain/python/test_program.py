"""Who defines what in a component: every name is followed to the function or global behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from small_component import COMPONENT, program
from wasmkit.errors import BuildError
from wasmkit.toolchain.python.program import GLUE, Function, HostFunction, indexed
from wasmkit.wasm.module import FunctionType, Kind, Limits

if TYPE_CHECKING:
    from wasmkit.toolchain.python.program import Program

I32_TO_I32 = FunctionType(b"\x7f", b"\x7f")


@pytest.fixture(scope="module")
def item() -> Program:
    return program()


def libc(item: Program, body: int) -> Function:
    return Function(item.libraries["libc.so"], body)


def libx(item: Program, body: int) -> Function:
    return Function(item.libraries["libx.so"], body)


def test_instances_have_their_roles(item: Program) -> None:
    assert set(item.libraries) == {"libc.so", "libx.so"}
    exported = {each.name for each in item.module(item.main).exports}
    assert {"memory", "__indirect_function_table", "late"} <= exported
    assert item.module(GLUE) is item.glue
    assert item.memory == Limits(2, None, 0)


def test_a_symbol_is_the_function_that_defines_it(item: Program) -> None:
    # Bodies are counted in the order of the text.
    assert item.symbol("triple") == libc(item, 1)
    assert item.symbol("late") == libx(item, 0)
    assert item.symbol("wasi:clocks/monotonic-clock#now").__class__ is Function
    assert item.type_of(libc(item, 1)) == I32_TO_I32


@pytest.mark.parametrize(
    ("caller", "callee"),
    [
        pytest.param("through_main", "late", id="a-trampoline-is-gone-through"),
        pytest.param("others_call", "through_table", id="of-another-library"),
        pytest.param("time", "wasi:clocks/monotonic-clock#now", id="wasi-is-the-glue's"),
        pytest.param("nine_times", "triple", id="the-glue-calls-by-name"),
        pytest.param("deep", "deep", id="itself"),
    ],
)
def test_callees(item: Program, caller: str, callee: str) -> None:
    function = item.symbol(caller)
    assert isinstance(function, Function)
    assert item.callees(function) == (item.symbol(callee),)


def test_what_only_looks_like_a_trampoline_is_called(item: Program) -> None:
    function = item.symbol("through_other")
    assert isinstance(function, Function)
    (callee,) = item.callees(function)
    assert callee == Function(item.main, 1)


def test_the_hosts_functions_are_known_by_name(item: Program) -> None:
    function = item.symbol("ask_host")
    assert isinstance(function, Function)
    (callee,) = item.callees(function)
    assert callee == HostFunction("env", "proxy_done", FunctionType(b"", b"\x7f"))
    assert item.name_of(callee) == "proxy_done"


def test_host_functions_have_an_order() -> None:
    kind = FunctionType(b"", b"")
    names = [("env", "b"), ("wasi", "a"), ("env", "a")]
    ordered = sorted(HostFunction(module, name, kind) for module, name in names)
    assert [(each.module, each.name) for each in ordered] == sorted(names)


def test_names_are_those_of_the_name_section(item: Program) -> None:
    names = [item.name_of(libc(item, body)) for body in (0, 1, 2)]
    assert names == ["double", "triple", ""]


@pytest.mark.parametrize(
    ("symbol", "value", "mutable"),
    [
        pytest.param("__stack_pointer", 65536, True, id="of-main"),
        pytest.param("libx.so:memory_base", 2048, False, id="base"),
        pytest.param("sum", 3, False, id="sum-of-constants"),
        pytest.param("state", 9, True, id="exported-by-the-glue"),
        pytest.param("libx.so:text", 1032, False, id="written-by-the-initialiser-alone"),
    ],
)
def test_globals(item: Program, symbol: str, value: int, *, mutable: bool) -> None:
    key = item.global_symbol(symbol)
    assert item.initial(key) == value
    assert item.is_mutable(key) is mutable


def test_imported_globals_are_followed(item: Program) -> None:
    libx_so = item.libraries["libx.so"]
    # In the order of its imports: bases, the address of libc.so's text, triple's slot.
    values = [item.initial(item.global_(libx_so, index)) for index in range(4)]
    assert values == [2048, 4, 1032, 2]
    assert item.global_(libx_so, 2) == item.global_symbol("libx.so:text")
    assert item.is_mutable(item.global_(libx_so, 5))  # its counter


def test_an_address_that_the_glue_names_is_base_and_place(item: Program) -> None:
    # text: place 8 in libc.so's data, which begins at 1024.
    assert item.initial(item.global_(GLUE, 1)) == 1032


def test_memory_is_what_pre_initialisation_left(item: Program) -> None:
    assert list(item.data()) == [(1032, b"\x2a\0\0\0\x2b\0\0\0"), (2048, b"\x07")]


def test_the_table(item: Program) -> None:
    assert item.table_size == 8 + 2
    double, triple, plus = libc(item, 0), libc(item, 1), libx(item, 0)
    slots = item.glue_slots()
    assert slots == {"method": 8, "other_method": 9}
    rest = dict(item.table)
    glue = [rest.pop(slot) for slot in slots.values()]
    assert rest == {1: double, 2: triple, 4: plus, 5: plus, 6: triple, 7: plus}
    assert {each.instance for each in glue if isinstance(each, Function)} == {GLUE}


def test_a_component_without_libraries_is_refused() -> None:
    text = "(component (core module $m) (core instance (instantiate $m)))"
    with pytest.raises(BuildError, match="no dynamically linked libraries"):
        program(text)


def test_an_initialiser_of_another_kind_is_refused() -> None:
    text = COMPONENT.replace("i32.add (i32.const 1)", "i32.sub (i32.const 1)")
    assert text != COMPONENT
    item = program(text)
    with pytest.raises(BuildError, match="holds the instruction 0x6b"):
        item.initial(item.global_symbol("sum"))


def test_instructions_that_name_something(item: Program) -> None:
    function = item.symbol("choose")
    assert isinstance(function, Function)
    data = item.module_data(function.instance)
    assert list(indexed(data, *item.body(function))) == []  # a br_table is gone past
    function = item.symbol("count")
    assert isinstance(function, Function)
    start, end = item.body(function)
    found = list(indexed(data, start, end))
    assert [(opcode, number) for opcode, number, _, _ in found] == [
        (0x23, 5),  # global.get
        (0x24, 5),  # global.set
        (0x23, 5),
    ]
    assert [end - begin for _, _, begin, end in found] == [2, 2, 2]
    assert all(data[begin] == opcode for opcode, _, begin, _ in found)


def test_kinds_of_exports_are_apart(item: Program) -> None:
    # libc.so exports a global "text"; there is no function of that name.
    assert any(
        each.name == "text" and each.kind is Kind.GLOBAL
        for each in item.module(item.libraries["libc.so"]).exports
    )
    with pytest.raises(BuildError, match="no library exports the function text"):
        item.symbol("text")
