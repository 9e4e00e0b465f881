"""Integers, bytes and failures on their way between Python and Wasm."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest
import wasmtime

from wasmkit.abi.signature import HostFunction, Kind, Parameter, Result
from wasmkit.host.guest.crossing import Exports, Imports, describe
from wasmkit.host.protocol import GuestTrapError

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 65536


def row(kinds: str, result: Result = Result.STATUS) -> HostFunction:
    """Return a row with one parameter for each letter: ``i`` is an i32, ``I`` an i64."""
    parameters = tuple(
        Parameter(f"p{number}", Kind.U64 if letter == "I" else Kind.U32)
        for number, letter in enumerate(kinds)
    )
    return HostFunction("f", "env", parameters, None, result)


class Crossing:
    """An instance whose one import is a function of the test."""

    def __init__(
        self,
        text: str,
        function: Callable[..., int | None] = lambda *_: 0,
        kinds: str = "i",
        result: Result = Result.STATUS,
    ) -> None:
        config = wasmtime.Config()
        config.epoch_interruption = True
        self.engine = wasmtime.Engine(config)
        store = wasmtime.Store(self.engine)
        imports = Imports(wasmtime.Linker(self.engine))
        imports.define("env", "f", row(kinds, result), function)
        self.exports = Exports(store, imports)
        self.exports.set_deadline(1_000_000)
        module = wasmtime.Module(self.engine, bytes(wasmtime.wat2wasm(f"(module {text})")))
        self.exports.attach(imports.linker.instantiate(store, module))

    def __call__(self, name: str, *arguments: int) -> int:
        return self.exports.call(name, *arguments)


WIDE = """
  (import "env" "f" (func $f (param i32 i64 i32 i64) (result i32)))
  (func (export "run") (param i32 i32) (result i32)
    (call $f (local.get 0) (i64.const -2) (local.get 1) (i64.const 0x123456789abcdef0)))"""


def test_integers_are_unsigned_and_in_their_places() -> None:
    seen: list[tuple[int, ...]] = []

    def function(*arguments: int) -> int:
        seen.append(arguments)
        return 0xFFFF_FFFE

    crossing = Crossing(WIDE, function, "iIiI")
    assert crossing("run", 0xFFFF_FFFF, 7) == 0xFFFF_FFFE
    assert seen == [(0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE, 7, 0x1234_5678_9ABC_DEF0)]


def test_no_result_is_zero() -> None:
    text = """(import "env" "f" (func $f (result i32)))
      (func (export "none") (drop (call $f)))
      (func (export "asked") (result i32) (call $f))"""
    crossing = Crossing(text, lambda: None, "")
    assert (crossing("none"), crossing("asked")) == (0, 0)


def test_a_function_without_a_result_has_none() -> None:
    text = '(import "env" "f" (func $f (param i32))) (func (export "run") (call $f (i32.const 3)))'
    seen: list[int] = []
    crossing = Crossing(text, seen.append, "i", Result.NOTHING)
    assert crossing("run") == 0
    assert seen == [3]


def test_another_signature_does_not_link() -> None:
    text = '(import "env" "f" (func (param i64) (result i32)))'
    with pytest.raises(wasmtime.WasmtimeError, match="incompatible import type"):
        Crossing(text, kinds="i")


ONE = """(import "env" "f" (func $f (param i32) (result i32)))
  (func (export "run") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "after") (result i32) (i32.const 8))"""


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt()], ids=["error", "interrupt"]
)
def test_what_a_host_function_raises_comes_out_behind_the_guest(error: BaseException) -> None:
    def function(_: int) -> int:
        raise error

    crossing = Crossing(ONE, function)
    with pytest.raises(type(error)) as caught:
        crossing("run", 1)
    assert caught.value is error
    assert crossing("after") == 8


def test_a_host_function_can_end_the_guest() -> None:
    def function(_: int) -> int:
        raise GuestTrapError("it asked for too much")

    with pytest.raises(GuestTrapError, match=r"^run failed: it asked for too much$"):
        Crossing(ONE, function)("run", 1)


def test_a_host_function_may_call_the_guest() -> None:
    made: list[Crossing] = []

    def function(number: int) -> int:
        return made[0]("run", number - 1) + 1 if number else 10

    made.append(Crossing(ONE, function))
    assert made[0]("run", 5) == 15


# The first words are V8's, as Envoy 1.40 logs them (src/execution/messages, kTrap…).
TRAPS = {
    "unreachable": ("unreachable", "RuntimeError: unreachable"),
    "memory": ("(drop (i32.load (i32.const -4)))", "RuntimeError: memory access out of bounds"),
    "division": ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "RuntimeError: divide by zero"),
    "overflow": (
        "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
        "RuntimeError: divide result unrepresentable",
    ),
    "float": (
        "(drop (i32.trunc_f32_s (f32.const nan)))",
        "RuntimeError: float unrepresentable in integer range",
    ),
    "table": ("(call_indirect (i32.const 9))", "RuntimeError: table index is out of bounds"),
    "null": (
        "(call_indirect (i32.const 0))",
        "RuntimeError: null function or function signature mismatch",
    ),
    "signature": (
        "(drop (call_indirect (type $other) (i32.const 1)))",
        "RuntimeError: null function or function signature mismatch",
    ),
    "stack": ("(call $deep)", "RangeError: Maximum call stack size exceeded"),
}


@pytest.mark.parametrize(("code", "reason"), TRAPS.values(), ids=TRAPS)
def test_traps_read_as_v8s(code: str, reason: str) -> None:
    text = f"""(type $other (func (result i64))) (memory 1) (table 2 funcref)
      (elem (i32.const 1) $deep) (func $deep (call $deep) (call $deep))
      (func (export "run") {code})"""
    with pytest.raises(GuestTrapError) as caught:
        Crossing(text)("run")
    lines = str(caught.value).splitlines()
    assert lines[:2] == [
        f"run failed: Uncaught {reason}",
        "Proxy-Wasm plugin in-VM backtrace:",
    ]
    assert len(lines) <= 22


def test_frames_are_named_from_the_inside_out() -> None:
    text = """(func $inner unreachable) (func $outer (call $inner))
      (func (export "run") (call $outer))"""
    with pytest.raises(GuestTrapError) as caught:
        Crossing(text)("run")
    frames = str(caught.value).splitlines()[2:]
    assert [frame.rpartition(" - ")[2] for frame in frames] == [
        "inner",
        "outer",
        "unknown(function index:2)",
    ]
    assert [frame.split(":")[0] for frame in frames] == ["  0", "  1", "  2"]


def test_a_deadline_ends_what_runs_on() -> None:
    text = """(import "env" "f" (func $f (param i32) (result i32)))
      (func (export "run") (loop $again (drop (call $f (i32.const 0))) (br $again)))"""
    made: list[Crossing] = []

    def function(_: int) -> int:
        made[0].engine.increment_epoch()
        return 0

    made.append(Crossing(text, function))
    made[0].exports.set_deadline(3)
    with pytest.raises(GuestTrapError, match=r"^run failed: it ran longer than a callback may"):
        made[0]("run")


def test_an_error_that_is_no_trap_is_told_in_one_line() -> None:
    error = wasmtime.WasmtimeError("first\n\n  the cause")
    assert describe(error) == "the cause"


# Memory

MEMORY = '(memory (export "memory") 1 2) (func (export "grow") (drop (memory.grow (i32.const 1))))'


def test_memory_is_read_and_written() -> None:
    exports = Crossing(MEMORY).exports
    assert exports.memory_size == PAGE
    assert exports.write((PAGE - 3, b"abc"), (0, b"x"), (5, b""))
    assert exports.read(PAGE - 3, 3) == b"abc"
    assert exports.read(0, 1) == b"x"
    assert exports.read(PAGE, 0) == b""
    assert exports.read(PAGE - 2, 3) is None
    assert exports.read(0xFFFF_FFFF, 0xFFFF_FFFF) is None


def test_a_piece_outside_writes_nothing_of_itself() -> None:
    exports = Crossing(MEMORY).exports
    assert not exports.write((0, b"a"), (PAGE - 1, b"bc"), (1, b"d"))
    assert exports.read(0, 2) == b"a\0"
    assert exports.read(PAGE - 1, 1) == b"\0"


def test_memory_that_grows_is_seen() -> None:
    crossing = Crossing(MEMORY)
    assert crossing.exports.read(PAGE, 1) is None
    crossing("grow")
    assert crossing.exports.memory_size == 2 * PAGE
    assert crossing.exports.write((2 * PAGE - 1, b"z"))
    assert crossing.exports.read(2 * PAGE - 1, 1) == b"z"


def test_a_module_without_memory() -> None:
    exports = Crossing('(func (export "run"))').exports
    assert "run" in exports
    assert "memory" not in exports
    assert exports.memory_size == 0
    assert exports.read(0, 1) is None
    assert exports.read(0, 0) == b""
    assert not exports.write((0, b"x"))


def test_nothing_keeps_what_is_not_used_any_more() -> None:
    class Function:
        def __call__(self, _: int) -> int:
            return 1

    function = Function()
    seen = weakref.ref(function)
    crossing = Crossing(ONE, function)
    assert crossing("run", 1) == 1
    del crossing, function
    gc.collect()
    assert seen() is None
