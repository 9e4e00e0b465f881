from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import wasmtime

from small_component import COMPONENT, GLUE, program
from wasm_tools import lowest_features
from wasmkit.errors import BuildError
from wasmkit.toolchain.python.linker import Linked, Wrapper, link, reachable
from wasmkit.wasm.module import Kind, read_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmkit.toolchain.python.program import Function

EXPORTS = (
    *("through_table", "through_main", "through_other", "own_data", "scratch", "time", "triple"),
    *("others_data", "others_function", "others_call", "count", "deep", "choose"),
    *("nine_times", "text_address", "state_now", "stack", "ask_host"),
)


def linked(
    wrap: Callable[[Iterable[Function]], dict[Function, Wrapper]] = lambda _functions: {},
) -> Linked:
    names = ("__stack_pointer", "state")
    return link(program(), exports=EXPORTS, exported_globals=names, wrap=wrap)


class Running:
    """A linked module in wasmtime; its host answers every call with 33."""

    def __init__(self, module: bytes) -> None:
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        compiled = wasmtime.Module(engine, module)
        linker = wasmtime.Linker(engine)
        for item in compiled.imports:
            assert isinstance(item.type, wasmtime.FuncType)
            linker.define_func(item.module, item.name or "", item.type, lambda *_: 33)
        self.exports = linker.instantiate(self.store, compiled).exports(self.store)

    def __call__(self, name: str, *arguments: int) -> int:
        function = self.exports[name]
        assert isinstance(function, wasmtime.Func)
        result = function(self.store, *arguments)
        assert isinstance(result, int)
        return result

    def slot(self, number: int) -> wasmtime.Func | None:
        table = self.exports["__indirect_function_table"]
        assert isinstance(table, wasmtime.Table)
        found = table.get(self.store, number)
        return found if isinstance(found, wasmtime.Func) else None


@pytest.fixture(scope="module")
def running() -> Running:
    return Running(linked().module)


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        pytest.param("through_table", (5,), 15, id="own-function-in-the-table"),
        pytest.param("through_main", (5,), 1005, id="trampoline-to-a-later-library"),
        pytest.param("through_other", (5,), 1005, id="what-only-looks-like-a-trampoline"),
        pytest.param("own_data", (), 43, id="address-folded-with-its-offset"),
        pytest.param("scratch", (), 3, id="linear-stack"),
        pytest.param("time", (), 77, id="wasi-import-bound-to-the-glue"),
        pytest.param("others_data", (), 42, id="GOT.mem"),
        pytest.param("others_function", (7,), 21, id="GOT.func"),
        pytest.param("others_call", (7,), 21, id="library-to-library"),
        pytest.param("choose", (0,), 22, id="br_table-first"),
        pytest.param("choose", (1,), 11, id="br_table-second"),
        pytest.param("choose", (99,), 22, id="br_table-default"),
        pytest.param("nine_times", (2,), 18, id="glue-calls-a-library"),
        pytest.param("text_address", (), 1032, id="glue-sees-a-library's-data"),
        pytest.param("state_now", (), 9, id="glue's-own-global"),
        pytest.param("stack", (), 65536, id="stack-pointer"),
        pytest.param("ask_host", (), 33, id="host-call"),
        pytest.param("deep", (300,), 300, id="recursion"),
    ],
)
def test_the_linked_module_computes(
    running: Running, name: str, arguments: tuple[int, ...], result: int
) -> None:
    assert running(name, *arguments) == result


def test_a_global_that_is_written_stays_one(running: Running) -> None:
    assert [running("count"), running("count")] == [6, 7]


def test_an_exported_global_can_be_set_from_outside(running: Running) -> None:
    state = running.exports["state"]
    assert isinstance(state, wasmtime.Global)
    state.set_value(running.store, 12)
    assert running("state_now") == 12
    state.set_value(running.store, 9)


def test_the_table_holds_what_the_libraries_and_the_glue_put_there(running: Running) -> None:
    results = {}
    for number in range(10):
        function = running.slot(number)
        if function is not None:
            results[number] = function(running.store, 10)
    # libc.so from 1, libx.so from 4, __init from 6, the glue behind all of them.
    assert results == {1: 20, 2: 30, 4: 1010, 5: 1010, 6: 30, 7: 1010, 8: 501, 9: 33}


def test_it_needs_no_more_than_an_old_engine_has() -> None:
    module = linked().module
    assert lowest_features(module) == {"mutable-global"}  # __stack_pointer and state are exported
    parts = read_module(module)
    assert (len(parts.memories), len(parts.tables), parts.start) == (1, 1, None)
    assert {item.initial.op for item in parts.globals} == {"i32.const"}
    assert [(item.module, item.name) for item in parts.imports] == [
        ("env", "proxy_done"),
        ("env", "proxy_unused"),
    ]


def test_constants_leave_no_globals() -> None:
    parts = read_module(linked().module)
    # The stack pointer, the glue's state, libx.so's counter: all others are known.
    assert len(parts.globals) == 3


def test_what_nothing_reaches_is_left_out() -> None:
    result = linked()
    assert "triple" in result.function_names
    assert "unreached" not in result.function_names
    assert (0x5EED).to_bytes(2, "little") not in result.module
    parts = read_module(result.module)
    assert len(result.function_names) == len(parts.imports) + len(parts.bodies)


def test_reachable_follows_calls_in_a_fixed_order() -> None:
    item = program()
    roots = [item.symbol("others_call"), item.symbol("ask_host")]
    found = reachable(item, roots)
    assert [item.name_of(function) for function in found] == ["", "", ""]
    assert reachable(item, reversed(roots)) == found
    assert len(found) == 3  # others_call, through_table, ask_host; the host's own is not a body


def test_functions_of_a_dropped_instance_leave_the_table() -> None:
    item = program()
    result = link(
        item,
        exports=("nine_times",),
        exported_globals=(),
        dropped=frozenset({item.libraries["libx.so"]}),
    )
    running = Running(result.module)
    held = [number for number in range(10) if running.slot(number) is not None]
    assert held == [1, 2, 6, 8, 9]


def test_two_links_are_the_same_bytes() -> None:
    assert linked().module == linked().module


# -- wrappers ------------------------------------------------------------------------------------


def wrapping(size: int, overflow: int | None) -> Running:
    def wrap(functions: Iterable[Function]) -> dict[Function, Wrapper]:
        wanted = program().symbol("deep")
        return {item: Wrapper(size, overflow) for item in functions if item == wanted}

    result = linked(wrap)
    assert lowest_features(result.module) == {"mutable-global"}
    return Running(result.module)


def test_a_wrapper_takes_linear_stack_and_gives_it_back() -> None:
    running = wrapping(64, None)
    assert running("deep", 500) == 500
    assert running("stack") == 65536


@pytest.mark.parametrize(
    ("depth", "result"),
    [
        # 65536 - 60000 = 5536 bytes hold 5 calls of 1000; Python's check refuses the sixth.
        pytest.param(4, 4, id="the-last-that-fits"),
        pytest.param(5, -9, id="the-first-that-does-not"),
        pytest.param(1_000_000, -9, id="endless"),
    ],
)
def test_a_wrapper_ends_recursion_before_the_stack_ends(depth: int, result: int) -> None:
    running = wrapping(1000, -9)
    assert running("deep", depth) == result
    assert running("stack") == 65536
    assert running("deep", 3) == 3


def test_a_large_wrapper_asks_before_it_goes_far_beyond_the_limit() -> None:
    """CPython ends the process if it is asked far below its limit: 64 KiB is the longest step."""
    running = wrapping(300_000, -9)
    assert running("deep", 1) == -9
    assert running("stack") == 65536


# -- refusals ------------------------------------------------------------------------------------


def without(text: str, part: str) -> str:
    assert text.count(part) == 1
    return text.replace(part, "")


@pytest.mark.parametrize(
    ("component", "glue", "message"),
    [
        pytest.param(
            without(COMPONENT, '(export "through_table" (func $through_table))'),
            GLUE,
            "nothing provides the import env.through_table",
            id="function",
        ),
        pytest.param(
            COMPONENT.replace('(export "text" (global $text))', ""),
            GLUE,
            "nothing provides the import GOT.mem.text",
            id="global",
        ),
        pytest.param(
            without(COMPONENT, '(with "GOT.func" (instance $x_func))'),
            GLUE,
            "nothing provides the import GOT.func.triple",
            id="instance",
        ),
        pytest.param(
            COMPONENT,
            GLUE.replace("monotonic-clock#now", "monotonic-clock#later"),
            "the glue does not bind wasi:clocks/monotonic-clock#now, which a library imports",
            id="wasi",
        ),
        pytest.param(
            COMPONENT,
            GLUE.replace('"library" "triple"', '"library" "quadruple"'),
            "no library exports the function quadruple",
            id="glue-function",
        ),
        pytest.param(
            COMPONENT,
            GLUE.replace('"library" "text"', '"library" "picture"'),
            "no library exports the data picture",
            id="glue-data",
        ),
        pytest.param(
            COMPONENT,
            GLUE.replace('"library" "__stack_pointer"', '"library" "__heap"'),
            "no library exports the global __heap",
            id="glue-global",
        ),
        pytest.param(
            COMPONENT,
            GLUE.replace('"env" "proxy_done"', '"wasi_unstable" "proxy_done"'),
            "the glue imports wasi_unstable.proxy_done, which no host has",
            id="host-module",
        ),
    ],
)
def test_what_nothing_provides_is_named(component: str, glue: str, message: str) -> None:
    with pytest.raises(BuildError) as caught:
        link(program(component, glue), exports=EXPORTS, exported_globals=("__stack_pointer",))
    assert str(caught.value) == message


def test_an_unknown_export_is_named() -> None:
    with pytest.raises(BuildError, match="no library exports the function absent"):
        link(program(), exports=("absent",), exported_globals=())


def test_an_instruction_that_the_linker_does_not_know_is_refused() -> None:
    # v128.const has an opcode of its own range; CPython is built without vectors.
    text = COMPONENT.replace(
        '(func (export "others_data") (result i32)',
        '(func (export "others_data") (result i32) (drop (v128.const i32x4 0 0 0 0))',
    )
    with pytest.raises(BuildError, match=r"unknown instruction 0xfd at byte \d+ of a library"):
        link(program(text), exports=("others_data",), exported_globals=())


def test_exports_have_their_kinds() -> None:
    kinds = {item.name: item.kind for item in read_module(linked().module).exports}
    assert kinds.pop("memory") is Kind.MEMORY
    assert kinds.pop("__indirect_function_table") is Kind.TABLE
    assert {kinds.pop("__stack_pointer"), kinds.pop("state")} == {Kind.GLOBAL}
    assert kinds == dict.fromkeys(EXPORTS, Kind.FUNCTION)
