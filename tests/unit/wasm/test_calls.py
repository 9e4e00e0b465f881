"""What a function calls, on small modules."""

from __future__ import annotations

import pytest
import wasmtime

from wasmkit.wasm.calls import certain_run, possible_calls
from wasmkit.wasm.module import Module, read_module

IMPORTS = '(import "env" "a" (func $a))(import "env" "b" (func $b))(table 1 funcref)'


def module(functions: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(f"(module {IMPORTS} {functions})")))


CERTAIN = {
    "nothing": ("(func $f)", "", False),
    "in-order": ("(func $f (call $b) (call $a))", "ba", False),
    "through-others": ("(func $f (call $g) (call $a))(func $g (call $b))", "ba", False),
    "in-a-block": ("(func $f (block (call $a)) (call $b))", "ab", False),
    "not-behind-a-branch": ("(func $f (block (br_if 0 (i32.const 1)) (call $a)))", "", False),
    "not-in-an-arm": ("(func $f (call $b) (if (i32.const 1) (then (call $a))))", "b", False),
    "not-in-a-loop": ("(func $f (loop (call $a)))", "", False),
    "not-behind-a-return": ("(func $f (call $a) return (call $b))", "a", False),
    "a-callee-returns": (
        "(func $f (call $g) (call $b))(func $g (block return) call $a)",
        "b",
        False,
    ),
    "a-callee-branches": (
        "(func $f (call $g) (call $b))(func $g (block (br 0)) (call $a))",
        "",
        False,
    ),
    "tail-call": ("(func $f return_call $g)(func $g (call $a))", "a", False),
    "trap": ("(func $f (call $a) unreachable)", "a", True),
    "trap-in-a-callee": ("(func $f (call $g) (call $b))(func $g unreachable)", "", True),
    "for-ever": ("(func $f (call $f))", "", False),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_certain(name: str) -> None:
    functions, called, traps = CERTAIN[name]
    run = certain_run(module(functions), 2)
    assert ("".join(item.name for item in run.imports), run.traps) == (called, traps)


def test_an_import_calls_itself() -> None:
    assert [item.name for item in certain_run(module("(func)"), 1).imports] == ["b"]


def test_many_ways_to_one_call_end() -> None:
    # Each function calls the next one twice: 2**40 calls, if all were followed.
    chain = "".join(f"(func $f{n} (call $f{n + 1}) (call $f{n + 1}))" for n in range(40))
    many = module(chain + "(func $f40)")
    assert certain_run(many, 2).imports == ()
    assert not possible_calls(many, 2).unknown


POSSIBLE = {
    "nothing": ("(func $f)", "", False),
    "behind-branches": ("(func $f (if (i32.const 0) (then (call $b))))", "b", False),
    "through-others": ("(func $f (call $g))(func $g (call $f) (call $a))", "a", False),
    "by-reference": ("(func $f (call_indirect (i32.const 0)))", "", True),
    "tail-call": ("(func $f return_call $b)", "b", False),
}


@pytest.mark.parametrize("name", POSSIBLE)
def test_possible(name: str) -> None:
    functions, called, unknown = POSSIBLE[name]
    calls = possible_calls(module(functions), 2)
    assert ("".join(item.name for item in calls.imports), calls.unknown) == (called, unknown)


def test_too_much_to_follow_is_unknown() -> None:
    assert possible_calls(module(f"(func $f {'nop ' * 200_001})"), 2).unknown
