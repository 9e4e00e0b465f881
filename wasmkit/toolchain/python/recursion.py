"""Makes recursion in CPython's C code end in ``RecursionError`` before it ends the VM.

WebAssembly has two stacks. CPython 3.14 measures the one in linear memory
(``Include/internal/pycore_ceval.h``, ``_Py_MakeRecCheck``), but a C function keeps only what has
its address taken there; the rest lives on the engine's own stack, about 1 MiB in Envoy's V8,
and 3,000 opening brackets in ``json.loads`` overflow it. So each function that checks for
recursion is called through a wrapper that takes linear stack in the measure of the native stack
that the function may need, a few that do not check are made to, and the interpreter's limit is
set to what Envoy's stack holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.errors import BuildError
from wasmkit.toolchain.python.linker import Wrapper
from wasmkit.wasm.leb128 import read_u32

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.toolchain.python.interpreter import Interpreter
    from wasmkit.toolchain.python.program import Function, Program

__all__ = ["set_limit", "wrappers"]

_CHECKS = frozenset(
    {
        "Py_EnterRecursiveCall",
        "_Py_CheckRecursiveCall",
        "_Py_EnterRecursiveCall",
        "_Py_ReachedRecursionLimitWithMargin",
    }
)
"""Functions that only recursive functions call. They are leaves and need no padding."""

_EVALUATION_LOOP = "_PyEval_EvalFrameDefault"

_INLINE = frozenset({_EVALUATION_LOOP, "_Py_Dealloc"})
"""Functions that compare the stack pointer themselves and call none of the above."""

_UNCHECKED = dict.fromkeys(
    (
        "accumulate_next", "batched_next", "chain_next", "compress_next", "cycle_next",
        "dropwhile_next", "enum_next", "filter_next", "filterfalse_next", "groupby_next",
        "islice_next", "map_next", "pairwise_next", "reversed_next", "starmap_next",
        "takewhile_next", "zip_longest_next", "zip_next",
        "mappingproxy_getitem", "mappingproxy_getiter", "mappingproxy_or",
        "method_getattro", "method_vectorcall", "partial_vectorcall", "wrapper_call",
        "ga_getattro", "ga_getitem", "ga_parameters", "ga_vectorcall",
        "_gen_throw", "gen_close",
        "conv_content_model", "deepcopy",  # of pyexpat and _elementtree
    ),
    0,
) | dict.fromkeys(
    ("PyObject_Hash", "_PyObject_IsAbstract", "mappingproxy_contains", "mappingproxy_len"), -1
)  # fmt: skip
"""Recursive functions that check nothing: 100,000 nested tuples or proxies crash any CPython.

Their wrappers check; the number is what the function returns with an exception set.
"""

_COUNTING = dict.fromkeys(
    ("_PyMarshal_WriteObjectToString", "pysqlite_statement_create", "read_object"), 0
)
"""Functions behind which code recurses that counts its own levels, up to 1,500, wherever on the
stack it begins. Their wrappers make sure that this fits.
"""

_COUNTED = 256 << 10

_FRAME = 400
_VALUE = 4
_EVALUATION = 512
_ALIGNMENT = 16
"""Bytes for a native frame, and those of the functions between two that check; for each local;
for the frame of the evaluation loop on top. Found by raising ``_WINDOW`` until V8 gave up: with
these, nested JSON, ``repr``, ``pickle``, comparison, deallocation, ``map`` and ``__getattr__``
chains all last to 860 KiB and more.
"""

_WINDOW = 600 << 10
"""Bytes of padded stack until ``RecursionError``."""

_RESERVE = 96 << 10
"""Bytes below that for handling the error; beneath them CPython gives up."""

_STACK_TOP, _SOFT_LIMIT, _HARD_LIMIT = 708, 712, 716
"""Offsets in ``_PyThreadStateImpl`` of CPython 3.14 on wasm32 (``c_stack_top`` and so on)."""


def wrappers(program: Program, functions: Iterable[Function]) -> dict[Function, Wrapper]:
    """Return the wrappers of the recursive functions among these."""
    found = {}
    for function in functions:
        name = program.name_of(function)
        if name in _COUNTING:
            found[function] = Wrapper(_COUNTED, _COUNTING[name])
        elif name in _UNCHECKED:
            found[function] = Wrapper(_size(program, function), _UNCHECKED[name])
        elif _checks(program, function):
            found[function] = Wrapper(_size(program, function))
    return found


def _checks(program: Program, function: Function) -> bool:
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
    if program.name_of(function) == _EVALUATION_LOOP:
        size += _EVALUATION
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
            "the interpreter's stack limits are not where CPython 3.14 has them:"
            f" {hard}, {soft}, {top}"
        )
    pointer = interpreter.stack_pointer
    interpreter.write_word(state + _SOFT_LIMIT, pointer - _WINDOW)
    interpreter.write_word(state + _HARD_LIMIT, pointer - _WINDOW - _RESERVE)
