"""What an Envoy does with a module; the same cases are checked on real ones in conformance/."""

from __future__ import annotations

import pytest
import wasmtime

from loadcases import CASES, UNSAFE, LoadCase
from wasmkit.inspection import Outcome, inspect_module
from wasmkit.profiles import ENVOYS


def wat(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {text})"))


@pytest.mark.parametrize("case", [*CASES, *UNSAFE], ids=lambda case: case.name)
def test_verdicts(case: LoadCase) -> None:
    found = inspect_module(case.module)
    for envoy in ENVOYS:
        verdict = found.verdict(envoy)
        outcome, reason = case.expected(envoy)
        assert verdict.outcome is outcome
        assert bool(verdict.problems) == (outcome is not Outcome.LOADS)
        if reason:
            assert verdict.problems[0].reason.startswith(reason)


def test_every_problem_is_told_once() -> None:
    text = '(import "env" "nope" (func))(import "env" "nope" (func))(memory 16385)'
    problems = inspect_module(wat(text)).verdicts[0].problems
    assert [problem.reason.split(" (")[0] for problem in problems] == [
        "Missing or unknown Proxy-Wasm ABI version",
        "Failed to create new Wasm instance",
    ]


MAY_CALL = (
    '(import "env" "proxy_done" (func $done (result i32)))(table 1 funcref)'
    '(func (export "proxy_abi_version_0_2_1"))(func $s {})(start $s)'
    '(func (export "malloc") (param i32) (result i32) i32.const 8)'
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("(if (i32.const 0) (then (drop (call $done))))", "may call env.proxy_done"),
        ("(call_indirect (i32.const 0))", "may call functions by reference"),
    ],
)
def test_a_start_section_of_which_not_enough_is_known(body: str, reason: str) -> None:
    verdict = inspect_module(wat(MAY_CALL.format(body))).verdicts[0]
    assert verdict.outcome is Outcome.UNKNOWN
    assert reason in verdict.problems[0].reason
