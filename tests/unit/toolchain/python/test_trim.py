"""What can be cut of a small CPython, whose references are known because they are written here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from small_component import program
from wasmkit.errors import BuildError
from wasmkit.toolchain.python.program import Function
from wasmkit.toolchain.python.trim import Cuts, Reachability, find_cuts, without_bodies
from wasmkit.wasm.encode import assemble, section
from wasmkit.wasm.module import SectionId, read_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.toolchain.python.program import Program

BEHIND_CORE = """
    (func $pysqlite_first)
    (func $core_needs)
    (func $PyInit_alpha (result i32)
      (call $alpha_helper)
      (i32.add (global.get $memory) (i32.const 32)))
    (func $alpha_helper)
    (func $alpha_method)
    (func $PyInit_beta (result i32) (i32.add (global.get $table) (i32.const 3)))
    (func $beta_method (param i32) (block (br_table 0 0 (local.get 0))))
    (func $PyInit_gamma (result i32) (local i32)
      (local.set 0 (global.get $memory))
      (i32.load (i32.add (local.get 0) (i32.const 70000))))
    (func $gamma_method (call_indirect (type $nothing) (i32.const 1)))
    (func $unused (call $unused_too))
    (func $unused_too)
    (func $libc_needs (export "libc_needs"))
"""
# Slots from 1: the initialisers of alpha and beta, the methods of alpha, beta and gamma, gamma's
# initialiser. Data from 4096: CPython's list of builtin modules; alpha's methods at 16, its
# definition, which leads there, at 32; something of gamma's at 70000.
RELOCATIONS = """
    (i32.store (i32.add (global.get $memory) (i32.const 0)) (i32.add (global.get $table) (i32.const 0)))
    (i32.store offset=4 (global.get $memory) (i32.add (global.get $table) (i32.const 1)))
    (i32.store offset=8 (global.get $memory) (i32.add (global.get $table) (i32.const 5)))
    (i32.store offset=16 (global.get $memory) (i32.add (global.get $table) (i32.const 2)))
    (i32.store offset=32 (global.get $memory) (i32.add (global.get $memory) (i32.const 16)))
    (i32.store offset=70000 (global.get $memory) (i32.add (global.get $table) (i32.const 4)))
"""  # noqa: E501
COMPONENT = rf"""
(component
  (core module $main
    (memory (export "memory") 2)
    (table (export "__indirect_function_table") 8 funcref)
    (global (export "__stack_pointer") (mut i32) (i32.const 65536))
    (global (export "libc.so:memory_base") i32 (i32.const 1024))
    (global (export "libc.so:table_base") i32 (i32.const 7))
    (global (export "libpython3.14.so:memory_base") i32 (i32.const 4096))
    (global (export "libpython3.14.so:table_base") i32 (i32.const 1)))

  (core module $libpython
    (type $nothing (func))
    (import "env" "memory" (memory 1))
    (import "env" "__indirect_function_table" (table 8 funcref))
    (import "env" "__memory_base" (global $memory i32))
    (import "env" "__table_base" (global $table i32))
    (func $__wasm_apply_data_relocs {RELOCATIONS})
    (func $PyMain (export "PyMain") (result i32)
      (call $core_needs)
      (i32.add (global.get $memory) (i32.const 0)))
    (func $core_alone)
    {BEHIND_CORE}
    (elem (global.get $table) func $PyInit_alpha $PyInit_beta $alpha_method $beta_method
      $gamma_method $PyInit_gamma))

  (core module $libc
    (import "env" "libc_needs" (func $libc_needs))
    (func (export "run") (call $libc_needs)))

  (core module $__init
    (import "libc.so" "run" (func $run))
    (import "libpython3.14.so" "PyMain" (func $main (result i32))))

  (core instance $main (instantiate $main))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $main "__indirect_function_table" (core table $table))
  (alias core export $main "libpython3.14.so:memory_base" (core global $p_memory))
  (alias core export $main "libpython3.14.so:table_base" (core global $p_table))
  (core instance $p_env
    (export "memory" (memory $memory))
    (export "__indirect_function_table" (table $table))
    (export "__memory_base" (global $p_memory))
    (export "__table_base" (global $p_table)))
  (core instance $libpython (instantiate $libpython (with "env" (instance $p_env))))
  (alias core export $libpython "libc_needs" (core func $libc_needs))
  (core instance $c_env (export "libc_needs" (func $libc_needs)))
  (core instance $libc (instantiate $libc (with "env" (instance $c_env))))
  (core instance (instantiate $__init
    (with "env" (instance $main))
    (with "libc.so" (instance $libc))
    (with "libpython3.14.so" (instance $libpython)))))
"""
GLUE = """(module (import "library" "PyMain" (func $main (result i32)))
  (func (export "start") (drop (call $main))))"""


@pytest.fixture(scope="module")
def python() -> Program:
    return program(COMPONENT, GLUE)


@pytest.fixture(scope="module")
def reachability(python: Program) -> Reachability:
    return Reachability(python)


def names(python: Program, functions: Iterable[Function]) -> set[str]:
    return {python.name_of(function) for function in functions}


def test_what_is_linked_behind_the_core_can_be_cut(
    python: Program, reachability: Reachability
) -> None:
    found = [python.name_of(function) for function in reachability.behind_core]
    assert found[0] == "pysqlite_first"
    assert found[-1] == "libc_needs"
    assert not {"PyMain", "core_alone", "__wasm_apply_data_relocs"} & set(found)
    assert set(reachability.modules) == {"alpha", "beta", "gamma"}


def test_the_core_needs_what_it_calls_and_no_extension_modules(
    python: Program, reachability: Reachability
) -> None:
    # It names the list of builtin modules, and from there no initialiser is followed.
    assert names(python, reachability.needed_by_core()) == {"core_needs", "libc_needs"}


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        pytest.param("alpha", {"alpha_helper", "alpha_method"}, id="calls-and-data-behind-data"),
        pytest.param("beta", {"beta_method"}, id="a-slot"),
        pytest.param("gamma", {"gamma_method"}, id="a-base-in-a-local"),
    ],
)
def test_a_module_needs_what_it_leads_to(
    python: Program, reachability: Reachability, module: str, needed: set[str]
) -> None:
    found = reachability.needed([reachability.modules[module]])
    assert names(python, found) == {f"PyInit_{module}", *needed}


def test_cuts_are_numbers_of_linked_bodies(python: Program) -> None:
    libpython = python.libraries["libpython3.14.so"]
    # As if each body had been linked twice (a wrapper and what it wraps), and one not at all.
    bodies = {
        Function(libpython, body): (2 * body, 2 * body + 1)
        for body in range(15)
        if body != 12
    }  # fmt: skip
    cuts = find_cuts(python, bodies)
    linked = {number for pair in bodies.values() for number in pair}
    assert cuts.all == {number for number in linked if number >= 6}
    # The order of the text: relocations 0, core 1 and 2, pysqlite_first 3, core_needs 4 …
    assert cuts.core == {8, 9, 28, 29}
    assert cuts.modules == {
        "alpha": {10, 11, 12, 13, 14, 15},
        "beta": {16, 17, 18, 19},
        "gamma": {20, 21, 22, 23},
    }


@pytest.mark.parametrize(
    ("relocations", "message"),
    [
        pytest.param("nop", "holds the instruction 0x1$", id="nop"),
        pytest.param("(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))", "0xfc$", id="bulk"),
    ],
)
def test_relocations_of_another_kind_are_refused(relocations: str, message: str) -> None:
    item = program(COMPONENT.replace(RELOCATIONS, relocations), GLUE)
    with pytest.raises(BuildError, match=message):
        Reachability(item)


CUTS = Cuts(
    frozenset(range(10)),
    frozenset({0, 1}),
    {"a": frozenset({2, 3}), "b": frozenset({3, 4})},
)


@pytest.mark.parametrize(
    ("imported", "cut"),
    [
        ([], {2, 3, 4, 5, 6, 7, 8, 9}),
        (["a"], {4, 5, 6, 7, 8, 9}),
        (["b", "a"], {5, 6, 7, 8, 9}),
        (["json", "b"], {2, 5, 6, 7, 8, 9}),
    ],
    ids=["none", "one", "both", "and-another"],
)
def test_what_stays_for_modules(imported: list[str], cut: set[int]) -> None:
    assert CUTS.for_modules(imported) == cut


def test_cuts_are_kept_as_json() -> None:
    text = json.dumps(CUTS.to_json())
    assert Cuts.from_json(json.loads(text)) == CUTS
    assert json.dumps(Cuts.from_json(json.loads(text)).to_json()) == text


@given(st.sets(st.integers(0, 3)))
def test_a_body_that_is_cut_traps_and_the_others_do_not(cut: set[int]) -> None:
    text = "".join(f'(func (export "f{n}") (result i32) (i32.const {n}))' for n in range(4))
    module = read_module(bytes(wasmtime.wat2wasm(f"(module {text})")))
    sections = [
        (each.id, without_bodies(module, cut))
        if each.id == SectionId.CODE
        else (each.id, module.data[each.start : each.end])
        for each in module.sections
        if each.id != SectionId.CUSTOM
    ]
    data = assemble(section(number, content) for number, content in sections)
    store = wasmtime.Store()
    exports = wasmtime.Instance(store, wasmtime.Module(store.engine, data), []).exports(store)
    for number in range(4):
        function = exports[f"f{number}"]
        assert isinstance(function, wasmtime.Func)
        if number in cut:
            with pytest.raises(wasmtime.Trap, match="unreachable"):
                function(store)
        else:
            assert function(store) == number
