"""The rows of callbacks against a list that was written down apart from them."""

from __future__ import annotations

import pytest

from wasmkit.abi.callbacks import CALLBACKS, ENTRY_POINTS, callbacks_of
from wasmkit.abi.constants import ABI_VERSIONS

CALLED = """
    proxy_on_context_create 2 0               proxy_on_vm_start 2 1
    proxy_validate_configuration 2 1          proxy_on_configure 2 1
    proxy_on_tick 1 0                         proxy_on_new_connection 1 1
    proxy_on_downstream_data 3 1              proxy_on_upstream_data 3 1
    proxy_on_downstream_connection_close 2 0  proxy_on_upstream_connection_close 2 0
    proxy_on_request_body 3 1                 proxy_on_response_body 3 1
    proxy_on_request_trailers 2 1             proxy_on_response_trailers 2 1
    proxy_on_request_metadata 2 1             proxy_on_response_metadata 2 1
    proxy_on_http_call_response 5 0           proxy_on_grpc_receive_initial_metadata 3 0
    proxy_on_grpc_receive 3 0                 proxy_on_grpc_receive_trailing_metadata 3 0
    proxy_on_grpc_close 3 0                   proxy_on_queue_ready 2 0
    proxy_on_done 1 1                         proxy_on_log 1 0
    proxy_on_delete 1 0                       envoy_on_resolve_dns 3 0
    envoy_on_stats_update 2 0
"""


@pytest.mark.parametrize("version", ABI_VERSIONS)
def test_the_callbacks_of_a_version(version: str) -> None:
    words = CALLED.split()
    expected = {
        name: (int(parameters), int(results))
        for name, parameters, results in zip(words[::3], words[1::3], words[2::3], strict=True)
    }
    headers = (2, 1) if version == "0.1.0" else (3, 1)
    expected |= {"proxy_on_request_headers": headers, "proxy_on_response_headers": headers}
    if version != "0.1.0":
        expected["proxy_on_foreign_function"] = (3, 0)
    assert {
        name: (row.count(version), len(row.result_types))
        for name, row in callbacks_of(version).items()
    } == expected
    assert all(
        row.parameter_types(version) == ["i32"] * row.count(version) for row in CALLBACKS.values()
    )


def test_entry_points() -> None:
    assert {
        name: (row.count("0.2.1"), len(row.result_types)) for name, row in ENTRY_POINTS.items()
    } == {
        "_initialize": (0, 0),
        "_start": (0, 0),
        "main": (2, 1),
        "__main_void": (0, 1),
        "malloc": (1, 1),
        "proxy_on_memory_allocate": (1, 1),
    }
