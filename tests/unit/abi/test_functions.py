"""The rows of the ABI against lists that were written down apart from them."""

from __future__ import annotations

import inspect

import pytest
import wasmtime

from wasmkit.abi.constants import ABI_VERSIONS
from wasmkit.abi.functions import HOST_FUNCTIONS, WASI_MODULES, env_functions
from wasmkit.abi.signature import ALL_CONTEXTS, HostFunction, Kind, Parameter, Result
from wasmkit.engines.native_host import native_host
from wasmkit.host.calls import Calls
from wasmkit.sdk.embedding import HostCalls
from wasmkit.toolchain.python.glue import HOST_CALLS, glue_text

# Names with the number of their parameters, as proxy-wasm-cpp-host declares them and Envoy 1.36
# to 1.40 link them; i64 parameters are told apart below.
EVERY_VERSION = """
    proxy_log 3                      proxy_get_status 3
    proxy_set_property 4             proxy_get_property 4
    proxy_send_local_response 8      proxy_get_shared_data 5
    proxy_set_shared_data 5          proxy_register_shared_queue 3
    proxy_resolve_shared_queue 5     proxy_dequeue_shared_queue 3
    proxy_enqueue_shared_queue 3     proxy_get_header_map_value 5
    proxy_add_header_map_value 5     proxy_replace_header_map_value 5
    proxy_remove_header_map_value 3  proxy_get_header_map_pairs 3
    proxy_set_header_map_pairs 3     proxy_get_header_map_size 2
    proxy_get_buffer_status 3        proxy_get_buffer_bytes 5
    proxy_set_buffer_bytes 5         proxy_http_call 10
    proxy_grpc_call 12               proxy_grpc_stream 9
    proxy_grpc_send 4                proxy_grpc_close 1
    proxy_grpc_cancel 1              proxy_set_tick_period_milliseconds 1
    proxy_get_current_time_nanoseconds 1
    proxy_define_metric 4            proxy_increment_metric 2
    proxy_record_metric 2            proxy_get_metric 2
    proxy_set_effective_context 1    proxy_done 0
    proxy_call_foreign_function 6    envoy_resolve_dns 3
    pthread_equal 2                  emscripten_notify_memory_growth 1
"""
OTHERS = {
    "0.1.0": "proxy_get_configuration 2 proxy_continue_request 0 proxy_continue_response 0"
    " proxy_clear_route_cache 0",
    "0.2.0": "proxy_continue_stream 1 proxy_close_stream 1",
    "0.2.1": "proxy_continue_stream 1 proxy_close_stream 1 proxy_get_log_level 1",
}
WITH_I64 = {"proxy_increment_metric": (1,), "proxy_record_metric": (1,)}

# WASI's own witx, with the two arities that Envoy has wrong (7 and 5 in WASI).
WASI = """
    args_get 2 args_sizes_get 2 clock_res_get 2 clock_time_get 3 environ_get 2
    environ_sizes_get 2 fd_advise 4 fd_allocate 3 fd_close 1 fd_datasync 1 fd_fdstat_get 2
    fd_fdstat_set_flags 2 fd_fdstat_set_rights 3 fd_filestat_get 2 fd_filestat_set_size 2
    fd_filestat_set_times 4 fd_pread 5 fd_prestat_dir_name 3 fd_prestat_get 2 fd_pwrite 5
    fd_read 4 fd_readdir 5 fd_renumber 2 fd_seek 4 fd_sync 1 fd_tell 2 fd_write 4
    path_create_directory 3 path_filestat_get 5 path_filestat_set_times 7 path_link 6 path_open 9
    path_readlink 6 path_remove_directory 3 path_rename 6 path_symlink 4 path_unlink_file 3
    poll_oneoff 4 proc_exit 1 random_get 2 sched_yield 0 sock_accept 3 sock_recv 6 sock_send 5
    sock_shutdown 2
"""
WASI_I64 = {
    "clock_time_get": (1,),
    "fd_advise": (1, 2),
    "fd_allocate": (1, 2),
    "fd_fdstat_set_rights": (1, 2),
    "fd_filestat_set_size": (1,),
    "fd_filestat_set_times": (1, 2),
    "fd_pread": (3,),
    "fd_pwrite": (3,),
    "fd_readdir": (3,),
    "fd_seek": (1,),
    "path_filestat_set_times": (4, 5),
    "path_open": (5, 6),
}
WITHOUT_RESULT = {"emscripten_notify_memory_growth", "proc_exit"}


def counts(text: str) -> dict[str, int]:
    words = text.split()
    return {name: int(count) for name, count in zip(words[::2], words[1::2], strict=True)}


def places_of_i64(types: list[str]) -> tuple[int, ...]:
    return tuple(place for place, kind in enumerate(types) if kind == "i64")


@pytest.mark.parametrize("version", ABI_VERSIONS)
def test_the_functions_of_a_version(version: str) -> None:
    rows = env_functions(version)
    assert {name: len(row.integers) for name, row in rows.items()} == (
        counts(EVERY_VERSION) | counts(OTHERS[version])
    )
    for name, row in rows.items():
        assert places_of_i64(row.parameter_types) == WITH_I64.get(name, ())
        assert row.result_types == ([] if name in WITHOUT_RESULT else ["i32"])


def test_the_functions_of_wasi() -> None:
    rows = {name: row for name, row in HOST_FUNCTIONS.items() if row.module == WASI_MODULES[0]}
    assert {name: len(row.integers) for name, row in rows.items()} == counts(WASI)
    for name, row in rows.items():
        assert places_of_i64(row.parameter_types) == WASI_I64.get(name, ())
        assert row.result_types == ([] if name in WITHOUT_RESULT else ["i32"])


def test_rows_are_consistent() -> None:
    for name, row in HOST_FUNCTIONS.items():
        assert row.name == name
        names = [parameter.name for parameter in row.parameters]
        assert len(set(names)) == len(names), name
        # What the host writes stands behind what it is given.
        outs = [parameter.kind.is_out for parameter in row.parameters]
        assert outs == sorted(outs), name
        if row.absent is not None:
            assert row.outputs, name


def test_what_changes_something_says_so() -> None:
    silent = {
        name for name, row in HOST_FUNCTIONS.items() if not (row.reads or row.writes or name in OWN)
    }
    assert silent == set()


OWN = {"pthread_equal", "emscripten_notify_memory_growth", "sched_yield", "proc_exit"}
"""What concerns the module alone."""


# -- what is derived from a row, for every row ---------------------------------------------------

ENV = [row for row in HOST_FUNCTIONS.values() if row.module == "env"]
IMPLEMENTED = [row for row in ENV if hasattr(Calls, row.method)]
TYPES = {
    Kind.TEXT: "str",
    Kind.OUT_TEXT: "str",
    Kind.BYTES: "bytes",
    Kind.PAIRS: "bytes",
    Kind.OUT_BYTES: "bytes",
}


def python_type(items: tuple[Parameter, ...]) -> str:
    types = [TYPES.get(item.kind, "int") for item in items]
    if len(types) == 1:
        return types[0]
    return f"tuple[{', '.join(types)}]" if types else "None"


def test_the_sdk_calls_what_there_is() -> None:
    named = [name for name in vars(HostCalls) if name.startswith(("proxy_", "envoy_"))]
    assert [row.name for row in HOST_CALLS] == named


@pytest.mark.parametrize("row", HOST_CALLS, ids=lambda row: row.name)
def test_a_row_that_the_sdk_has(row: HostFunction) -> None:
    """It has an implementation, a wrapper in the glue, a method of the SDK, words for a reader."""
    assert row in IMPLEMENTED
    method = inspect.signature(getattr(HostCalls, row.name))
    _, *parameters = method.parameters.values()
    assert [(item.name, item.annotation) for item in parameters] == [
        (item.name, python_type((item,))) for item in row.inputs
    ]
    absent = " | None" if row.absent is not None else ""
    assert method.return_annotation == python_type(row.outputs) + absent
    assert row.meaning is not None
    module = wasmtime.Module(wasmtime.Engine(), bytes(wasmtime.wat2wasm(glue_text())))
    kinds = {
        item.name: item.type for item in module.imports if isinstance(item.type, wasmtime.FuncType)
    }
    assert list(map(str, kinds[row.name].params)) == row.parameter_types
    assert f"(func $call_{row.name} " in glue_text()


@pytest.mark.parametrize("row", IMPLEMENTED, ids=lambda row: row.name)
def test_a_row_that_is_implemented(row: HostFunction) -> None:
    """Its method takes the row's inputs, and returns what the host writes."""
    method = inspect.signature(getattr(Calls, row.method))
    _, *parameters = method.parameters.values()
    assert [item.annotation for item in parameters] == [
        "int" if TYPES.get(item.kind) is None else "bytes" for item in row.inputs
    ]
    returned = python_type(row.outputs).replace("str", "bytes")
    assert method.return_annotation == ("int" if row.result is Result.NUMBER else returned)


def test_the_native_host_has_every_row() -> None:
    host = native_host(Calls.__new__(Calls))
    assert [row.name for row in ENV if not callable(getattr(host, row.name))] == []


def test_every_row_fits_into_the_glue_or_says_so() -> None:
    for row in ENV:
        if row.result is not Result.STATUS:
            continue
        texts = sum(item.kind is Kind.TEXT for item in row.inputs)
        if texts <= 2:
            wasmtime.wat2wasm(glue_text((row,)))


def test_contexts() -> None:
    some = {row.name for row in ENV if row.contexts != ALL_CONTEXTS}
    assert {"proxy_send_local_response", "proxy_done", "proxy_set_property"} <= some
    assert not some & {"proxy_log", "proxy_http_call", "proxy_get_property"}
