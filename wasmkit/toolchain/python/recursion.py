"""Makes recursion in CPython's C code end in ``RecursionError`` before it ends the VM.

WebAssembly has two stacks. CPython 3.14 measures the one in linear memory
(``Include/internal/pycore_ceval.h``, ``_Py_MakeRecCheck``), but a C function keeps only what has
its address taken there; the rest lives on the engine's own stack, about 1 MiB in Envoy's V8,
and 3,000 opening brackets in ``json.loads`` overflow it. So each function that checks for
recursion is called through a wrapper that takes linear stack in the measure of the native stack
that the function may need, and the interpreter's limit is set to what Envoy's stack holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.errors import BuildError
from wasmkit.toolchain.python.program import Function
from wasmkit.wasm.leb128 import read_u32

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.toolchain.python.interpreter import Interpreter
    from wasmkit.toolchain.python.program import Program

__all__ = ["paddings", "set_limit"]

_CHECKS = frozenset(
    {
        "Py_EnterRecursiveCall",
        "_Py_CheckRecursiveCall",
        "_Py_EnterRecursiveCall",
        "_Py_ReachedRecursionLimitWithMargin",
    }
)
"""Functions that only recursive functions call. They are leaves and need no padding."""

_INLINE = frozenset({"_PyEval_EvalFrameDefault", "_Py_Dealloc"})
"""Functions that compare the stack pointer themselves and call none of the above."""

_FRAME = 192
_VALUE = 8
_ALIGNMENT = 16
"""A native frame: return address, saved registers and spill slots of eight bytes a local."""

_WINDOW = 640 << 10
"""Bytes of padded stack until ``RecursionError``."""

_RESERVE = 96 << 10
"""Bytes below that for handling the error; beneath them CPython gives up."""

_STACK_TOP, _SOFT_LIMIT, _HARD_LIMIT = 708, 712, 716
"""Offsets in ``_PyThreadStateImpl`` of CPython 3.14 on wasm32 (``c_stack_top`` and so on)."""


def paddings(program: Program, functions: Iterable[Function]) -> dict[Function, int]:
    """Return the linear stack that calls of the recursive functions among these take."""
    return {
        function: _size(program, function)
        for function in functions
        if _is_recursive(program, function)
    }


def _is_recursive(program: Program, function: Function) -> bool:
    name = program.name_of(function)
    if name in _CHECKS:
        return False
    return name in _INLINE or any(
        program.name_of(callee) in _CHECKS for callee in program.callees(function)
    )


def _size(program: Program, function: Function) -> int:
    data = program.module_data(function.instance)
    start, _ = program.body(function)
    groups, position = read_u32(data, start)
    values = len(program.type_of(function).parameters)
    for _ in range(groups):
        count, position = read_u32(data, position)
        position += 1
        values += count
    size = _FRAME + _VALUE * values
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def set_limit(interpreter: Interpreter) -> None:
    """Set the stack limits of the interpreter's one thread state.

    Raises ``BuildError`` if the thread state does not look as CPython 3.14's does.
    """
    state = interpreter.call("PyThreadState_Get")
    top, soft, hard = (
        interpreter.word(state + offset) for offset in (_STACK_TOP, _SOFT_LIMIT, _HARD_LIMIT)
    )
    if not hard < soft < top <= 1 << 20:
        raise BuildError(
            f"the interpreter's stack limits are not where CPython 3.14 has them: {hard}, {soft}, {top}"
        )
    pointer = interpreter.stack_pointer
    interpreter.write_word(state + _SOFT_LIMIT, pointer - _WINDOW)
    interpreter.write_word(state + _HARD_LIMIT, pointer - _WINDOW - _RESERVE)
