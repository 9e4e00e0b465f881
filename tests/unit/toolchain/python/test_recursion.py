from __future__ import annotations

import pytest
import wasmtime

from small_component import COMPONENT, program
from small_image import EXCHANGE_SLOT, THREAD_STATE, small_image
from wasmkit.errors import BuildError
from wasmkit.host.guest.compiled import compile_module
from wasmkit.toolchain.python.interpreter import Interpreter
from wasmkit.toolchain.python.linker import Wrapper, reachable
from wasmkit.toolchain.python.recursion import set_limit, wrappers

FUNCTIONS = """
    (func $Py_EnterRecursiveCall (export "Py_EnterRecursiveCall") (param i32) (result i32)
      (call $_Py_CheckRecursiveCall (local.get 0)))
    (func $_Py_CheckRecursiveCall (param i32) (result i32)
      (i32.lt_u (global.get $sp) (i32.const 60000)))
    (func $checks (param i32 i64) (result i32)
      (call $Py_EnterRecursiveCall (i32.const 0)))
    (func $many_locals (result i32) (local i32 i32 i64 i64 f64) (local i32)
      (call $_Py_CheckRecursiveCall (i32.const 0)))
    (func $_PyEval_EvalFrameDefault (param i32 i32 i32) (result i32) (i32.const 0))
    (func $_Py_Dealloc (param i32))
    (func $PyObject_Hash (param i32) (result i32) (i32.const 0))
    (func $map_next (param i32) (result i32) (i32.const 0))
    (func $read_object (param i32) (result i32) (i32.const 0))
    (func $leaf (param i32) (result i32) (i32.const 0))
    (func $only_calls_one_that_checks (result i32) (call $many_locals))
    (func (export "all") (result i32)
      (drop (call $checks (i32.const 0) (i64.const 0)))
      (drop (call $_PyEval_EvalFrameDefault (i32.const 0) (i32.const 0) (i32.const 0)))
      (call $_Py_Dealloc (i32.const 0))
      (drop (call $PyObject_Hash (i32.const 0)))
      (drop (call $map_next (i32.const 0)))
      (drop (call $read_object (i32.const 0)))
      (drop (call $leaf (i32.const 0)))
      (call $only_calls_one_that_checks))
"""


def sixteenth(size: int) -> int:
    return -(-size // 16) * 16


def test_who_is_wrapped_and_in_what_size() -> None:
    """400 bytes and 4 for each parameter and local, 512 more for the evaluation loop."""
    old = """    (func (export "Py_EnterRecursiveCall") (param i32) (result i32)
      (i32.lt_u (global.get $sp) (i32.const 60000)))
"""
    assert COMPONENT.count(old) == 1
    item = program(COMPONENT.replace(old, FUNCTIONS))
    live = reachable(item, [item.symbol("all"), item.symbol("Py_EnterRecursiveCall")])
    found = {item.name_of(function): wrapper for function, wrapper in wrappers(item, live).items()}
    assert found == {
        "checks": Wrapper(sixteenth(400 + 2 * 4)),
        "many_locals": Wrapper(sixteenth(400 + 6 * 4)),
        "_PyEval_EvalFrameDefault": Wrapper(sixteenth(400 + 3 * 4 + 512)),
        "_Py_Dealloc": Wrapper(sixteenth(400 + 4)),
        "PyObject_Hash": Wrapper(sixteenth(400 + 4), overflow=-1),
        "map_next": Wrapper(sixteenth(400 + 4), overflow=0),
        "read_object": Wrapper(256 << 10, overflow=0),
    }


def interpreter(hard: int, soft: int, top: int) -> Interpreter:
    item = Interpreter(compile_module(small_image()), EXCHANGE_SLOT, lambda request: request)
    # c_stack_top, c_stack_soft_limit and c_stack_hard_limit of _PyThreadStateImpl
    for offset, value in ((708, top), (712, soft), (716, hard)):
        item.write_word(THREAD_STATE + offset, value)
    return item


def test_the_limits_lie_below_the_stack_as_it_is_now() -> None:
    item = interpreter(8192, 16384, 1 << 20)
    pointer = item.instance.exports(item.store)["__stack_pointer"]
    assert isinstance(pointer, wasmtime.Global)
    pointer.set_value(item.store, (1 << 20) - 32)
    set_limit(item)
    soft, hard = (item.word(THREAD_STATE + offset) for offset in (712, 716))
    assert soft == (1 << 20) - 32 - (600 << 10)
    assert 0 < hard < soft - (64 << 10)
    assert item.word(THREAD_STATE + 708) == 1 << 20


@pytest.mark.parametrize(
    ("hard", "soft", "top"),
    [
        pytest.param(0, 0, 0, id="zeros"),
        pytest.param(3, 2, 1, id="reversed"),
        pytest.param(1, 1, 2, id="equal"),
        pytest.param(1, 2, (1 << 20) + 1, id="not-in-the-stack"),
    ],
)
def test_another_layout_is_noticed(hard: int, soft: int, top: int) -> None:
    with pytest.raises(BuildError, match="limits are not where CPython"):
        set_limit(interpreter(hard, soft, top))
