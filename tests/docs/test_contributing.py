"""CONTRIBUTING's worked example of a host function, done: what it says follows does follow."""

from __future__ import annotations

import inspect
import re
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import wasmtime

from abi_tables import TABLES
from scripted_guest import module, tell
from wasmkit.abi import functions
from wasmkit.abi.signature import HostFunction
from wasmkit.engines.native_host import native_host
from wasmkit.host import calls
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.inspection import Outcome, inspect_module
from wasmkit.plugin import PluginConfig, VmConfig
from wasmkit.toolchain.python.glue import glue_text

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRIBUTING = Path(__file__).parent.parent.parent / "CONTRIBUTING.md"
NAME = "proxy_get_weather"


def blocks() -> list[str]:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    section = text.partition("## Adding a host function\n")[2].partition("\n## ")[0]
    return [
        textwrap.dedent(code) for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    ]


def executed(code: str, names: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = dict(names)
    exec(code, found)
    return found


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> HostFunction:
    """Add the row and its implementation, as the first two blocks say."""
    row_text, method_text, *_ = blocks()
    made = eval(row_text, dict(vars(functions)))
    assert isinstance(made, HostFunction)
    monkeypatch.setitem(functions.HOST_FUNCTIONS, made.name, made)
    method = executed(method_text, vars(calls))[made.method]
    monkeypatch.setattr(calls.Calls, made.method, method, raising=False)
    return made


def test_a_module_that_imports_it_links_and_calls_it(row: HostFunction) -> None:
    data = module(
        configure=[tell(NAME, b"Kyoto", 8), tell(NAME, b"Nowhere", 8)],
    )
    logs: list[str] = []
    vm = Vm(
        VmConfig(),
        partial(WasmGuest, data),
        World(),
        log=lambda _, line: logs.append(line.decode()),
    )
    with vm:
        Plugin(vm, PluginConfig()).start()
    assert logs == ["0", "1"]
    assert row.parameter_types == ["i32", "i32", "i32"]
    found = inspect_module(data)
    assert {verdict.outcome for verdict in found.verdicts} == {Outcome.LOADS}
    assert row.meaning is not None
    told = {capability.text: capability.functions for capability in found.capabilities}
    assert told[row.meaning.value] == (NAME,)


def test_a_module_that_imports_it_with_another_type_is_refused(row: HostFunction) -> None:
    text = (
        f'(module (import "env" "{row.name}" (func)) (func (export "proxy_abi_version_0_2_1"))'
        '(func (export "malloc") (param i32) (result i32) i32.const 0))'
    )
    verdict = inspect_module(bytes(wasmtime.wat2wasm(text))).verdicts[-1]
    assert verdict.problems[0].reason == (
        "Failed to load Wasm module due to an import type mismatch: env.proxy_get_weather,"
        " want: void -> void, but host exports: i32 i32 i32 -> i32"
    )


def test_the_glue_and_the_native_host_have_it(row: HostFunction) -> None:
    wrapped = wasmtime.Module(wasmtime.Engine(), bytes(wasmtime.wat2wasm(glue_text((row,)))))
    imported = {item.name: item.type for item in wrapped.imports}
    kind = imported[NAME]
    assert isinstance(kind, wasmtime.FuncType)
    assert [str(item) for item in kind.params] == row.parameter_types
    host: Any = native_host(calls.Calls.__new__(calls.Calls))
    assert host.proxy_get_weather("Kyoto") == 21
    assert host.proxy_get_weather("Nowhere") is None


def test_the_sdks_method_is_the_rows(row: HostFunction) -> None:
    method = executed(f"from __future__ import annotations\n{blocks()[2]}", {})[NAME]
    signature = inspect.signature(method)
    assert list(signature.parameters)[1:] == [item.name for item in row.inputs]
    assert signature.return_annotation == "int | None"


def test_the_documentation_has_it(row: HostFunction) -> None:
    assert f"| `{row.name}` | `city` text | `degrees` |" in TABLES["host functions"][1]()


def test_the_example_of_a_test_is_one(row: HostFunction) -> None:
    assert row.name in blocks()[3]
    data = executed(blocks()[3], {"module": module, "tell": tell})["told"]
    assert f"env.{NAME}" in inspect_module(data).imports
