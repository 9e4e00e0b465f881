"""What Envoy refuses is refused, with Envoy's reason."""

from __future__ import annotations

from functools import partial

import pytest
import wasmtime

from loadcases import CASES, LoadCase
from scripted_guest import OUT, call, module, returns, tell, trap, wat
from wasmkit.errors import GuestModuleError
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.inspection import Outcome
from wasmkit.plugin import PluginConfig, VmConfig
from wasmkit.profiles import ENVOYS, envoy_profile

DIFFERENT = {"legacy-exceptions", "shared-memory", "table-over-10m", "wide-arithmetic"}
"""What wasmtime takes and V8 does not, the other way round, or refuses in other words."""

LOG_IMPORT = '(import "env" "proxy_log"'
MALLOC = '(func (export "malloc")'


def started(data: bytes, config: PluginConfig | None = None) -> list[str]:
    """Start a module and return what it logged."""
    config = config or PluginConfig()
    logs: list[str] = []
    vm = Vm(
        config.vm, partial(WasmGuest, data), World(), log=lambda _, line: logs.append(line.decode())
    )
    with vm:
        Plugin(vm, config).start()
    return logs


def changed(before: str, after: str) -> bytes:
    text = wat()
    assert before in text
    return bytes(wasmtime.wat2wasm(text.replace(before, after, 1)))


def importing(what: str) -> bytes:
    return changed(LOG_IMPORT, f"(import {what}) {LOG_IMPORT}")


REFUSED = {
    "an import that no Envoy has": (
        importing('"env" "proxy_secret_get" (func)'),
        "missing import: env.proxy_secret_get",
    ),
    "an import from elsewhere": (importing('"other" "f" (func)'), "missing import: other.f"),
    "an imported global": (importing('"env" "g" (global i32)'), "missing import: env.g"),
    "an import of a newer ABI": (
        importing('"env" "proxy_clear_route_cache" (func (result i32))'),
        "missing import: env.proxy_clear_route_cache",
    ),
    "an import with another type": (
        importing('"env" "proxy_done" (func (param i32) (result i32))'),
        "import type mismatch: env.proxy_done, want: i32 -> i32, but host exports: void -> i32",
    ),
    "the real path_link": (
        importing(
            '"wasi_snapshot_preview1" "path_link"'
            " (func (param i32 i32 i32 i32 i32 i32 i32) (result i32))"
        ),
        "import type mismatch: wasi_snapshot_preview1.path_link",
    ),
    "a callback with another type": (
        changed(MALLOC, f'(func (export "proxy_on_log")) {MALLOC}'),
        "for: proxy_on_log, want: i32 -> void, but the module exports: void -> void",
    ),
    "a hidden callback with another type": (
        changed(MALLOC, f'(func (export "envoy_on_resolve_dns")) {MALLOC}'),
        "for: envoy_on_resolve_dns, want: i32 i32 i32 -> void",
    ),
    "no malloc": (changed('(export "malloc")', ""), "missing malloc function"),
    "an unknown ABI": (changed("0_2_1", "0_3_0"), "Missing or unknown Proxy-Wasm ABI version"),
    "an ABI marker that is not a function": (
        changed(
            '(func (export "proxy_abi_version_0_2_1"))',
            '(global (export "proxy_abi_version_0_2_1") i32 (i32.const 0))',
        ),
        "Missing or unknown Proxy-Wasm ABI version",
    ),
    "memory of more than a gigabyte": (
        changed('(memory (export "memory") 160)', '(memory (export "memory") 16385)'),
        "Failed to create new Wasm instance",
    ),
    "data past the end of memory": (
        changed('(data (i32.const 1024) "")', '(data (i32.const 99999999) "abc")'),
        "Failed to create new Wasm instance",
    ),
    "data at an address that looks negative": (
        changed('(data (i32.const 1024) "")', '(data (i32.const -2) "abc")'),
        "Failed to create new Wasm instance",
    ),
    "a start function that traps": (
        changed(MALLOC, f"(start $s) (func $s unreachable) {MALLOC}"),
        "Failed to create new Wasm instance: Uncaught RuntimeError: unreachable",
    ),
    "a start function that calls the host": (
        changed(
            MALLOC,
            "(start $s) (func $s (drop (call $proxy_log (i32.const 2) (i32.const 0)"
            f" (i32.const 0)))) {MALLOC}",
        ),
        "Uncaught Error: restricted_callback (env.proxy_log)",
    ),
    "a trap at _initialize": (
        module(_initialize=[trap]),
        "_initialize failed: Uncaught RuntimeError: unreachable",
    ),
    "a host call that is not for _initialize": (
        module(_initialize=[call("proxy_set_tick_period_milliseconds", 1)]),
        "restricted_callback (env.proxy_set_tick_period_milliseconds)",
    ),
    "no wasm": (b"hello", "not a WebAssembly module"),
    "nothing": (b"", "not a WebAssembly module"),
    "cut short": (module()[:-3], "cut short"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_as_envoy_does(data: bytes, reason: str) -> None:
    with pytest.raises(GuestModuleError) as caught:
        started(data)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("release", ENVOYS)
def test_the_host_agrees_with_inspect(case: LoadCase, release: str) -> None:
    """What inspection says of a release is what the host does with that release's profile."""
    outcome, reason = case.expected(release)
    if outcome is Outcome.KILLS or case.name in DIFFERENT:
        return
    make_guest = partial(WasmGuest, case.module, profile=envoy_profile(release))
    told = ""
    try:
        vm = Vm(VmConfig(), make_guest, World())
    except GuestModuleError as error:
        told = str(error)
    else:
        vm.close()
    assert bool(told) == (outcome is not Outcome.LOADS), told
    if reason:
        assert told.startswith(reason.removeprefix("Function: ")), told


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(
            module(vm_start=[call("proxy_log", 4, b"not me"), returns(0)]),
            "Failed to start base Wasm",
            id="vm_start says no",
        ),
        pytest.param(
            module(configure=[call("proxy_log", 4, b"not me"), returns(0)]),
            "Failed to configure base Wasm plugin",
            id="configure says no",
        ),
        pytest.param(
            module(configure=[call("proxy_log", 4, b"not me"), trap]),
            "proxy_on_configure failed: Uncaught RuntimeError: unreachable",
            id="configure traps",
        ),
    ],
)
def test_a_refusal_brings_the_filters_last_words(data: bytes, reason: str) -> None:
    with pytest.raises(GuestModuleError, match=reason) as caught:
        started(data)
    assert caught.value.hint == "not me"


def test_initialize_then_main_and_never_start() -> None:
    data = module(
        _initialize=[call("proxy_log", 2, b"init")],
        main=[call("proxy_log", 2, b"main"), returns(7)],
        _start=[call("proxy_log", 2, b"start")],
    )
    assert started(data) == ["init", "main"]


def test_start_without_initialize() -> None:
    assert started(module(_start=[call("proxy_log", 2, b"start")])) == ["start"]


def test_proc_exit_returns() -> None:
    data = module(configure=[call("proc_exit", 3), call("proxy_log", 2, b"after")])
    assert started(data) == ["after"]


def test_order_of_the_start() -> None:
    names = ("context_create", "vm_start", "configure")
    data = module({name: [call("proxy_log", 2, name.encode())] for name in names})
    assert started(data) == list(names)


def test_each_configuration_is_to_be_had_in_its_time() -> None:
    read = [
        tell("proxy_get_buffer_bytes", 6, 0, 99, OUT),
        tell("proxy_get_buffer_bytes", 7, 0, 99, OUT),
    ]
    config = PluginConfig(VmConfig(configuration=b"VM"), configuration=b"CONF")
    assert started(module(vm_start=read), config) == ["0", "VM", "1"]
    assert started(module(configure=read), config) == ["0", "VM", "0", "CONF"]


def test_the_first_abi_version_asks_for_its_configuration() -> None:
    data = module(abi_version="0.1.0", configure=[tell("proxy_get_configuration", OUT)])
    assert started(data, PluginConfig(configuration=b"CONF")) == ["0", "CONF"]


def test_memory_and_table_may_be_imported() -> None:
    text = wat(configure=[call("proxy_log", 2, b"hi")]).replace(
        LOG_IMPORT,
        f'(import "env" "memory" (memory 160)) (import "env" "t" (table 1 funcref)) {LOG_IMPORT}',
    )
    data = wasmtime.wat2wasm(text.replace('(memory (export "memory") 160)', ""))
    assert started(bytes(data)) == ["hi"]


def test_the_same_import_twice() -> None:
    assert started(importing('"env" "proxy_log" (func (param i32 i32 i32) (result i32))')) == []


def test_addresses_outside_of_memory() -> None:
    data = module(
        configure=[
            tell("proxy_log", 2, -10, 20),
            tell("proxy_log", 2, 160 * 65536, 1),
            tell("proxy_log", 2, 160 * 65536, 0),
            tell("proxy_get_buffer_bytes", 7, 0, 9, -2, 8),
        ]
    )
    config = PluginConfig(configuration=b"CONF")
    assert started(data, config) == ["6", "6", "", "0", "6"]


def test_environment_reaches_the_guest() -> None:
    data = module(
        configure=[
            call("environ_get", 64, 128),
            call("proxy_log", 2, 128, 7),
            tell("environ_sizes_get", 8, 12),
        ]
    )
    config = PluginConfig(VmConfig(environment={"A": "1", "B": "2"}))
    assert started(data, config)[0] == "A=1\0B=2"
