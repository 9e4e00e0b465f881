"""A guest can use up what it was given, and nothing more; then it has failed."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
import wasmtime

from scripted_guest import call, forever, module, wat
from wasmkit.errors import GuestModuleError
from wasmkit.host.guest.loader import WasmGuest
from wasmkit.host.limits import Limits
from wasmkit.host.plugin import Plugin
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig
from wasmkit.wasm.module import MAX_MODULE_BYTES

SMALL = Limits(callback_seconds=0.2, memory_bytes=16 << 20, host_bytes=100_000)
MALLOC = '(func (export "malloc")'


def start(data: bytes, root_id: str = "") -> Vm:
    vm = Vm(VmConfig(), partial(WasmGuest, data), World(), limits=SMALL)
    Plugin(vm, PluginConfig(root_id=root_id)).start()
    return vm


def failure(data: bytes) -> str:
    with pytest.raises(GuestModuleError) as caught:
        start(data)
    return str(caught.value)


def configuring(code: str) -> bytes:
    text = wat()
    callback = f'(func (export "proxy_on_configure") (param i32 i32) (result i32) {code})'
    return bytes(wasmtime.wat2wasm(text.replace(MALLOC, f"{callback} {MALLOC}", 1)))


@pytest.mark.parametrize("where", ["_initialize", "context_create", "vm_start", "configure"])
def test_an_endless_loop_ends_in_time(where: str) -> None:
    began = time.monotonic()
    reason = failure(module({where: [forever()]}))
    assert "failed: it ran longer than a callback may" in reason
    assert 0.2 <= time.monotonic() - began < 20


def test_an_endless_start_function_ends_in_time() -> None:
    text = wat().replace(MALLOC, f"(start $s) (func $s (loop $l (br $l))) {MALLOC}")
    assert "it ran longer than a callback may" in failure(bytes(wasmtime.wat2wasm(text)))


def test_an_endless_malloc_ends_in_time() -> None:
    text = wat(configure=[call("proxy_get_property", b"plugin_root_id", 8, 12)]).replace(
        "(global.get $heap)\n", "(loop $l (br $l)) (global.get $heap)\n"
    )
    data = bytes(wasmtime.wat2wasm(text))
    with pytest.raises(GuestModuleError, match="ran longer"):
        start(data, root_id="root")


def test_what_the_host_keeps_is_limited() -> None:
    data = module(configure=[forever(call("proxy_log", 2, b"x" * 100))])
    assert failure(data) == (
        "proxy_on_configure failed: the filter made the host keep more than 100,000 bytes"
    )


def test_empty_log_lines_are_not_free() -> None:
    assert "keep more than" in failure(module(configure=[forever(call("proxy_log", 2, b""))]))


def test_one_transfer_is_limited() -> None:
    data = module(configure=[call("proxy_log", 2, 0, 200_000)])
    assert "handed 200,000 bytes to the host at once" in failure(data)


def test_memory_grows_only_to_its_limit() -> None:
    grown = "(i32.ne (memory.grow (i32.const 96)) (i32.const -1))"  # 160 + 96 pages are 16 MiB
    too_much = "(i32.eq (memory.grow (i32.const 1)) (i32.const -1))"
    start(configuring(f"(i32.and {grown} {too_much})")).close()


def test_deep_recursion_is_a_trap() -> None:
    code = "(call $down (i32.const 1))"
    text = f"(func $down (param i32) (result i32) (i32.add (call $down (local.get 0)) {code}))"
    data = wasmtime.wat2wasm(
        wat().replace(
            MALLOC,
            f'{text} (func (export "proxy_on_configure") (param i32 i32) (result i32) {code})'
            f" {MALLOC}",
        )
    )
    reasons: list[str] = []
    # A thread's stack is what Python gives it, so this is tried on one, too.
    thread = threading.Thread(target=lambda: reasons.append(failure(bytes(data))))
    thread.start()
    thread.join()
    reasons.append(failure(bytes(data)))
    wanted = "proxy_on_configure failed: Uncaught RangeError: Maximum call stack size exceeded"
    assert reasons == [wanted, wanted]


def test_a_module_too_large_for_the_mesh_is_refused() -> None:
    with pytest.raises(GuestModuleError, match="more than the 268,435,456"):
        start(bytes(MAX_MODULE_BYTES + 1))


def test_no_thread_is_left_when_no_vm_is_open() -> None:
    start(module()).close()
    deadline = time.monotonic() + 5
    while any(thread.name == "wasm-epochs" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
