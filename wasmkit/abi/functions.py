"""Every host function, one row each; callbacks are in ``wasmkit.abi.callbacks``.

From these rows are derived: what links, how calls cross, the glue of Python filters, the native
host, the capabilities that a reader is told, and the tables in ``docs/abi.md``. To add a host
function is to add a row here and a method of ``wasmkit.host.calls.Calls``; see CONTRIBUTING.md.

Signatures were read from proxy-wasm-cpp-host (``include/proxy-wasm/exports.h``) and tried on
stock Envoy 1.36 to 1.40. Which of them a release has, and when it lets a module call them, is
said in ``wasmkit.profiles``.
"""

from __future__ import annotations

from typing import Any

from wasmkit.abi.capabilities import Meaning
from wasmkit.abi.constants import Status
from wasmkit.abi.signature import (
    ContextKind,
    HostFunction,
    Kind,
    Matter,
    Parameter,
    Result,
)

__all__ = [
    "HOST_FUNCTIONS",
    "WASI_MODULES",
    "env_functions",
]

WASI_MODULES = ("wasi_snapshot_preview1", "wasi_unstable")
"""The same functions under both names; rows have the first."""

_ROOT = frozenset({ContextKind.ROOT})
_HTTP = frozenset({ContextKind.HTTP})
_TCP = frozenset({ContextKind.TCP})
_STREAMS = _HTTP | _TCP
_ONLY_0_1_0 = ("0.1.0",)
_SINCE_0_2_0 = ("0.2.0", "0.2.1")
_SINCE_0_2_1 = ("0.2.1",)

_BODIES = Matter.BODIES
_CONFIGURATION = Matter.CONFIGURATION
_HEADERS = Matter.HEADERS
_QUEUES = Matter.QUEUES
_SERVICES = Matter.SERVICES
_SHARED = Matter.SHARED_DATA
_STREAM = Matter.STREAM

_KINDS = {kind.word: kind for kind in Kind}


def _parameters(text: str) -> tuple[Parameter, ...]:
    """Read ``name:kind`` for each parameter; the kind is u32 where none is said."""
    pairs = (item.partition(":") for item in text.split())
    return tuple(Parameter(name, _KINDS[kind or "u32"]) for name, _, kind in pairs)


def _env(name: str, parameters: str, meaning: Meaning | None, **facts: Any) -> HostFunction:
    return HostFunction(name, "env", _parameters(parameters), meaning, **facts)


_ENV = (
    _env("proxy_log", "level:log_level message:text", Meaning.LOGS, writes=(Matter.LOG,)),
    _env(
        *("proxy_get_log_level", "level:out_u32", Meaning.LOGS),
        reads=(Matter.LOG,),
        versions=_SINCE_0_2_1,
    ),
    _env(
        *("proxy_get_status", "code:out_u32 message:out_bytes", Meaning.READS_PROPERTIES),
        reads=(_SERVICES,),
    ),
    _env(
        *("proxy_get_current_time_nanoseconds", "time:out_u64", Meaning.READS_CLOCK),
        reads=(Matter.CLOCK,),
    ),
    # Headers and trailers
    _env(
        "proxy_get_header_map_value",
        "map_type:header_map key:text value:out_text",
        Meaning.READS_HEADERS,
        reads=(_HEADERS,),
        absent=Status.NOT_FOUND,
    ),
    _env(
        "proxy_add_header_map_value",
        "map_type:header_map key:text value:text",
        Meaning.CHANGES_HEADERS,
        writes=(_HEADERS,),
        contexts=_HTTP,
    ),
    _env(
        "proxy_replace_header_map_value",
        "map_type:header_map key:text value:text",
        Meaning.CHANGES_HEADERS,
        writes=(_HEADERS,),
        contexts=_HTTP,
    ),
    _env(
        "proxy_remove_header_map_value",
        "map_type:header_map key:text",
        Meaning.CHANGES_HEADERS,
        writes=(_HEADERS,),
        contexts=_HTTP,
    ),
    _env(
        "proxy_get_header_map_pairs",
        "map_type:header_map pairs:out_bytes",
        Meaning.READS_HEADERS,
        reads=(_HEADERS,),
    ),
    _env(
        "proxy_set_header_map_pairs",
        "map_type:header_map pairs:pairs",
        Meaning.CHANGES_HEADERS,
        writes=(_HEADERS,),
        contexts=_HTTP,
    ),
    _env(
        "proxy_get_header_map_size",
        "map_type:header_map size:out_u32",
        Meaning.READS_HEADERS,
        reads=(_HEADERS,),
    ),
    # Bodies and configurations
    _env(
        "proxy_get_buffer_status",
        "buffer_type:buffer size:out_u32 flags:out_zero",
        Meaning.READS_BODIES,
        reads=(_BODIES, _CONFIGURATION),
    ),
    _env(
        "proxy_get_buffer_bytes",
        "buffer_type:buffer start size data:out_bytes",
        Meaning.READS_BODIES,
        reads=(_BODIES, _CONFIGURATION),
    ),
    _env(
        "proxy_set_buffer_bytes",
        "buffer_type:buffer start size data:bytes",
        Meaning.CHANGES_BODIES,
        writes=(_BODIES,),
        contexts=_STREAMS,
    ),
    _env(
        *("proxy_get_configuration", "data:out_bytes", Meaning.READS_BODIES),
        reads=(_CONFIGURATION,),
        versions=_ONLY_0_1_0,
    ),
    # The stream
    _env(
        "proxy_send_local_response",
        "status details:text body:bytes pairs:pairs grpc_status",
        Meaning.RESPONDS,
        writes=(_STREAM,),
        contexts=_HTTP,
    ),
    _env(
        *("proxy_continue_stream", "stream_type", Meaning.STEERS_STREAMS),
        writes=(_STREAM,),
        versions=_SINCE_0_2_0,
        contexts=_STREAMS,
    ),
    _env(
        *("proxy_close_stream", "stream_type", Meaning.STEERS_STREAMS),
        writes=(_STREAM,),
        versions=_SINCE_0_2_0,
        contexts=_STREAMS,
    ),
    _env(
        *("proxy_continue_request", "", Meaning.STEERS_STREAMS),
        writes=(_STREAM,),
        versions=_ONLY_0_1_0,
        contexts=_HTTP,
    ),
    _env(
        *("proxy_continue_response", "", Meaning.STEERS_STREAMS),
        writes=(_STREAM,),
        versions=_ONLY_0_1_0,
        contexts=_HTTP,
    ),
    _env(
        *("proxy_clear_route_cache", "", Meaning.REROUTES),
        writes=(Matter.ROUTE,),
        versions=_ONLY_0_1_0,
        contexts=_HTTP,
    ),
    # Properties
    _env(
        *("proxy_get_property", "path:bytes value:out_bytes", Meaning.READS_PROPERTIES),
        reads=(Matter.PROPERTIES,),
        absent=Status.NOT_FOUND,
    ),
    _env(
        *("proxy_set_property", "path:bytes value:bytes", Meaning.SETS_PROPERTIES),
        writes=(Matter.PROPERTIES,),
        contexts=_STREAMS,
    ),
    # What workers share
    _env(
        *("proxy_get_shared_data", "key:text value:out_bytes cas:out_u32", Meaning.SHARES),
        reads=(_SHARED,),
        absent=Status.NOT_FOUND,
    ),
    _env(
        *("proxy_set_shared_data", "key:text value:bytes cas", Meaning.SHARES),
        writes=(_SHARED,),
    ),
    _env(
        *("proxy_register_shared_queue", "name:text token:out_u32", Meaning.SHARES),
        writes=(_QUEUES,),
    ),
    _env(
        *("proxy_resolve_shared_queue", "vm_id:text name:text token:out_u32", Meaning.SHARES),
        reads=(_QUEUES,),
        absent=Status.NOT_FOUND,
    ),
    _env(
        *("proxy_dequeue_shared_queue", "token data:out_bytes", Meaning.SHARES),
        reads=(_QUEUES,),
        writes=(_QUEUES,),
        absent=Status.EMPTY,
    ),
    _env(
        *("proxy_enqueue_shared_queue", "token data:bytes", Meaning.SHARES),
        writes=(_QUEUES,),
    ),
    # Other services
    _env(
        "proxy_http_call",
        "cluster:text headers:pairs body:bytes trailers:pairs timeout token:out_u32",
        Meaning.CALLS_HTTP,
        reads=(_SERVICES,),
        writes=(_SERVICES,),
    ),
    _env(
        "proxy_grpc_call",
        "service:bytes service_name:text method_name:text metadata:pairs message:bytes timeout"
        " token:out_u32",
        Meaning.CALLS_GRPC,
        reads=(_SERVICES,),
        writes=(_SERVICES,),
    ),
    _env(
        "proxy_grpc_stream",
        "service:bytes service_name:text method_name:text metadata:pairs token:out_u32",
        Meaning.CALLS_GRPC,
        reads=(_SERVICES,),
        writes=(_SERVICES,),
    ),
    _env(
        *("proxy_grpc_send", "token message:bytes end_of_stream", Meaning.CALLS_GRPC),
        writes=(_SERVICES,),
    ),
    _env("proxy_grpc_close", "token", Meaning.CALLS_GRPC, writes=(_SERVICES,)),
    _env("proxy_grpc_cancel", "token", Meaning.CALLS_GRPC, writes=(_SERVICES,)),
    _env(
        *("envoy_resolve_dns", "name:text token:out_u32", Meaning.RESOLVES_NAMES),
        reads=(_SERVICES,),
    ),
    _env(
        "proxy_call_foreign_function",
        "name:text arguments:bytes results:out_bytes",
        Meaning.CALLS_EXTENSIONS,
        reads=(_STREAM,),
        writes=(_STREAM,),
    ),
    # Metrics
    _env(
        *("proxy_define_metric", "metric_type name:text metric:out_u32", Meaning.KEEPS_METRICS),
        writes=(Matter.METRICS,),
    ),
    _env(
        *("proxy_increment_metric", "metric offset:u64", Meaning.KEEPS_METRICS),
        writes=(Matter.METRICS,),
    ),
    _env(
        *("proxy_record_metric", "metric value:u64", Meaning.KEEPS_METRICS),
        writes=(Matter.METRICS,),
    ),
    _env(
        *("proxy_get_metric", "metric value:out_u64", Meaning.KEEPS_METRICS),
        reads=(Matter.METRICS,),
    ),
    # The VM
    _env(
        *("proxy_set_tick_period_milliseconds", "period", Meaning.USES_TIMER),
        writes=(Matter.TIMER,),
    ),
    _env(
        *("proxy_set_effective_context", "context_id", Meaning.SWITCHES_CONTEXT),
        writes=(Matter.CONTEXTS,),
    ),
    _env("proxy_done", "", Meaning.SEES_ENDS, writes=(Matter.CONTEXTS,), contexts=_ROOT),
    # What compilers expect of a host
    _env("pthread_equal", "left right", None, result=Result.NUMBER),
    _env("emscripten_notify_memory_growth", "memory", None, result=Result.NOTHING),
)


def _wasi(
    meaning: Meaning | None,
    matter: Matter | None,
    text: str,
    result: Result = Result.STATUS,
) -> tuple[HostFunction, ...]:
    """Make a row of each line: a name and its parameters, ``*`` an address, ``+`` an i64."""
    kinds = {"*": ":pointer", "+": ":u64"}
    rows = []
    for line in text.strip().splitlines():
        name, *words = line.split()
        parameters = " ".join(word.rstrip("*+") + kinds.get(word[-1], "") for word in words)
        matters = () if matter is None else (matter,)
        rows.append(
            HostFunction(
                *(name, WASI_MODULES[0], _parameters(parameters), meaning, result),
                reads=() if matter is Matter.LOG else matters,
                writes=matters if matter is Matter.LOG else (),
            )
        )
    return tuple(rows)


# With the two arities that Envoy has wrong: WASI's path_link has 7 parameters, path_symlink 5.
_WASI = (
    *_wasi(
        *(Meaning.READS_ENVIRONMENT, Matter.ENVIRONMENT),
        """
        args_get argv* data*
        args_sizes_get count* size*
        environ_get variables* data*
        environ_sizes_get count* size*
        """,
    ),
    *_wasi(
        *(Meaning.READS_CLOCK, Matter.CLOCK),
        """
        clock_res_get clock resolution*
        clock_time_get clock precision+ time*
        """,
    ),
    *_wasi(Meaning.DRAWS_RANDOM, Matter.RANDOM, "random_get buffer* size"),
    *_wasi(
        *(Meaning.LOGS, Matter.LOG),
        """
        fd_write fd vectors* count written*
        fd_pwrite fd vectors* count offset+ written*
        """,
    ),
    *_wasi(None, None, "sched_yield"),
    *_wasi(
        *(Meaning.USES_SYSTEM, Matter.FILES),
        """
        fd_advise fd offset+ size+ advice
        fd_allocate fd offset+ size+
        fd_close fd
        fd_datasync fd
        fd_fdstat_get fd stat*
        fd_fdstat_set_flags fd flags
        fd_fdstat_set_rights fd base+ inheriting+
        fd_filestat_get fd stat*
        fd_filestat_set_size fd size+
        fd_filestat_set_times fd accessed+ modified+ flags
        fd_pread fd vectors* count offset+ read*
        fd_prestat_dir_name fd path* size
        fd_prestat_get fd prestat*
        fd_read fd vectors* count read*
        fd_readdir fd buffer* size cookie+ used*
        fd_renumber source target
        fd_seek fd offset+ whence position*
        fd_sync fd
        fd_tell fd position*
        path_create_directory fd path* size
        path_filestat_get fd flags path* size stat*
        path_filestat_set_times fd flags path* size accessed+ modified+ which
        path_link old_fd old_flags old_path* old_size new_fd new_path*
        path_open fd lookup path* size flags base+ inheriting+ fd_flags opened*
        path_readlink fd path* size buffer* capacity used*
        path_remove_directory fd path* size
        path_rename fd path* size new_fd new_path* new_size
        path_symlink old_path* old_size fd new_path*
        path_unlink_file fd path* size
        poll_oneoff subscriptions* events* count occurred*
        sock_accept fd flags connection*
        sock_recv fd vectors* count flags received* out_flags*
        sock_send fd vectors* count flags sent*
        sock_shutdown fd how
        """,
    ),
    *_wasi(Meaning.USES_SYSTEM, None, "proc_exit code", Result.NOTHING),
)

HOST_FUNCTIONS = {row.name: row for row in (*_ENV, *_WASI)}
"""Every function that some Envoy has for a module, by name."""


def env_functions(abi_version: str) -> dict[str, HostFunction]:
    """Return the functions of module ``env`` for a version of the ABI."""
    return {
        name: row
        for name, row in HOST_FUNCTIONS.items()
        if row.module == "env" and abi_version in row.versions
    }
