from __future__ import annotations

from wasmkit.abi.callbacks import CALLBACKS
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.inspection import capabilities_of


def test_every_host_function_and_callback_has_words() -> None:
    functions, callbacks = set(HOST_FUNCTIONS), set(CALLBACKS)
    told = capabilities_of(functions, callbacks)
    assert "calls functions that no stock Envoy has" not in [item.text for item in told]
    silent = functions - {name for item in told for name in item.functions}
    assert silent == {"emscripten_notify_memory_growth", "pthread_equal", "sched_yield"}
    silent = callbacks - {name for item in told for name in item.functions}
    assert silent == {
        *("proxy_on_configure", "proxy_on_context_create", "proxy_on_vm_start"),
        "proxy_validate_configuration",
    }


def test_unknown_functions_come_last() -> None:
    told = capabilities_of({"proxy_secret_get", "path_open", "proxy_log"})
    assert [item.functions for item in told] == [
        ("proxy_log",),
        ("path_open",),
        ("proxy_secret_get",),
    ]
