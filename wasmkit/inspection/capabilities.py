"""What a module may do, in plain words: its imports and callbacks by what they mean.

An import is also what Envoy's ``capability_restriction_config`` allows or forbids, so the names
stand behind the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Capability", "capabilities_of"]


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a module can do, and the functions of it that it imports or exports.

    ``reaches_out``: to others than the client and the upstream whose traffic passes.
    """

    text: str
    functions: tuple[str, ...]
    reaches_out: bool = False


_REACHING_OUT = {
    "makes HTTP calls to other services": "proxy_http_call proxy_on_http_call_response",
    "makes gRPC calls to other services": (
        "proxy_grpc_call proxy_grpc_stream proxy_grpc_send proxy_grpc_close proxy_grpc_cancel"
        " proxy_on_grpc_receive_initial_metadata proxy_on_grpc_receive"
        " proxy_on_grpc_receive_trailing_metadata proxy_on_grpc_close"
    ),
    "looks names up in the DNS": "envoy_resolve_dns envoy_on_resolve_dns",
}
_INSIDE = {
    "sees requests": (
        "proxy_on_request_headers proxy_on_request_body proxy_on_request_trailers"
        " proxy_on_request_metadata"
    ),
    "sees responses": (
        "proxy_on_response_headers proxy_on_response_body proxy_on_response_trailers"
        " proxy_on_response_metadata"
    ),
    "sees TCP connections": (
        "proxy_on_new_connection proxy_on_downstream_data proxy_on_upstream_data"
        " proxy_on_downstream_connection_close proxy_on_upstream_connection_close"
    ),
    "reads headers and trailers": (
        "proxy_get_header_map_value proxy_get_header_map_pairs proxy_get_header_map_size"
    ),
    "changes headers and trailers": (
        "proxy_add_header_map_value proxy_replace_header_map_value"
        " proxy_remove_header_map_value proxy_set_header_map_pairs"
    ),
    "reads bodies and its configuration": (
        "proxy_get_buffer_bytes proxy_get_buffer_status proxy_get_configuration"
    ),
    "changes bodies": "proxy_set_buffer_bytes",
    "sends its own responses": "proxy_send_local_response",
    "resumes or resets streams": (
        "proxy_continue_stream proxy_close_stream proxy_continue_request proxy_continue_response"
    ),
    "makes Envoy choose the route anew": "proxy_clear_route_cache",
    "reads facts about connection, request and node": "proxy_get_property proxy_get_status",
    "sets properties that other filters and access logs see": "proxy_set_property",
    "shares data and queues between workers": (
        "proxy_get_shared_data proxy_set_shared_data proxy_register_shared_queue"
        " proxy_resolve_shared_queue proxy_dequeue_shared_queue proxy_enqueue_shared_queue"
        " proxy_on_queue_ready"
    ),
    "keeps metrics": (
        "proxy_define_metric proxy_increment_metric proxy_record_metric proxy_get_metric"
    ),
    "reads Envoy's statistics": "envoy_on_stats_update",
    "calls extensions built into Envoy": "proxy_call_foreign_function proxy_on_foreign_function",
    "works on a timer": "proxy_set_tick_period_milliseconds proxy_on_tick",
    "acts at the end of each stream": "proxy_on_log proxy_on_done proxy_on_delete proxy_done",
    "acts for another stream of the same worker": "proxy_set_effective_context",
    "writes to Envoy's log": "proxy_log proxy_get_log_level fd_write fd_pwrite",
    "reads the clock": "proxy_get_current_time_nanoseconds clock_time_get clock_res_get",
    "draws random numbers": "random_get",
    "reads the environment variables it is given": (
        "environ_get environ_sizes_get args_get args_sizes_get"
    ),
}
_PLUMBING = frozenset(
    {"emscripten_notify_memory_growth", "pthread_equal", "sched_yield", "proxy_on_memory_allocate"}
    | {"proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure"}
    | {"proxy_validate_configuration"}
)
"""What every module has; it tells nothing of this one."""

_SYSTEM = "is linked to files, sockets and processes, which Envoy gives to no module"
_SYSTEM_PREFIXES = ("fd_", "path_", "sock_", "poll_", "proc_")
_OTHER = "calls functions that no stock Envoy has"


def capabilities_of(imports: Iterable[str], callbacks: Iterable[str] = ()) -> list[Capability]:
    """Group imported functions and exported callbacks by what they mean.

    Imports are bare names (``proxy_log``). What reaches out comes first, the unknown last; an
    export that is no callback says nothing and is left out.
    """
    left = set(imports) - _PLUMBING
    called = set(callbacks)
    found = []
    for meanings in (_REACHING_OUT, _INSIDE):
        for text, names in meanings.items():
            functions = tuple(name for name in names.split() if name in left or name in called)
            if functions:
                found.append(Capability(text, functions, meanings is _REACHING_OUT))
                left.difference_update(functions)
    system = {name for name in left if name.startswith(_SYSTEM_PREFIXES)}
    for text, rest in ((_SYSTEM, system), (_OTHER, left - system)):
        if rest:
            found.append(Capability(text, tuple(sorted(rest))))
    return found
