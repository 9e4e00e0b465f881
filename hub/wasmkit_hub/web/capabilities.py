"""What a module may ask of its host, in plain words.

A capability is the name of a function that the module imports; it is what Envoy's
``capability_restriction_config`` counts in as well. Readers want to know what that means for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ability", "abilities_of"]


@dataclass(frozen=True, slots=True)
class Ability:
    """Something a filter can do; ``reaches_out``: to others than its client and upstream."""

    text: str
    functions: tuple[str, ...]
    reaches_out: bool = False


_REACHING_OUT = {
    "Calls other services over HTTP": "proxy_http_call",
    "Calls other services over gRPC": (
        "proxy_grpc_call proxy_grpc_stream proxy_grpc_send proxy_grpc_close proxy_grpc_cancel"
    ),
}
_INSIDE = {
    "Reads headers and trailers": (
        "proxy_get_header_map_value proxy_get_header_map_pairs proxy_get_header_map_size"
    ),
    "Changes headers and trailers": (
        "proxy_add_header_map_value proxy_replace_header_map_value "
        "proxy_remove_header_map_value proxy_set_header_map_pairs"
    ),
    "Reads bodies and its configuration": (
        "proxy_get_buffer_bytes proxy_get_buffer_status proxy_get_configuration"
    ),
    "Changes bodies": "proxy_set_buffer_bytes",
    "Answers requests itself": "proxy_send_local_response",
    "Holds requests, lets them go on or breaks them off": (
        "proxy_continue_stream proxy_close_stream proxy_continue_request "
        "proxy_continue_response proxy_done"
    ),
    "Reads facts about connection, request and node": "proxy_get_property proxy_get_status",
    "Sets properties that other filters and access logs see": (
        "proxy_set_property proxy_clear_route_cache"
    ),
    "Shares data between workers of one Envoy": (
        "proxy_get_shared_data proxy_set_shared_data proxy_register_shared_queue "
        "proxy_resolve_shared_queue proxy_dequeue_shared_queue proxy_enqueue_shared_queue"
    ),
    "Keeps metrics": (
        "proxy_define_metric proxy_increment_metric proxy_record_metric proxy_get_metric"
    ),
    "Calls extensions built into this Envoy": "proxy_call_foreign_function",
    "Works on a timer": "proxy_set_tick_period_milliseconds proxy_set_effective_context",
    "Writes to Envoy's log": "proxy_log proxy_get_log_level fd_write",
    "Reads the clock": "proxy_get_current_time_nanoseconds clock_time_get clock_res_get",
    "Draws random numbers": "random_get",
    "Reads the environment variables it is given": (
        "environ_get environ_sizes_get args_get args_sizes_get"
    ),
}
_SYSTEM = "Is linked to files, sockets and processes, which Envoy gives to no filter"
_SYSTEM_PREFIXES = ("fd_", "path_", "sock_", "poll_", "proc_", "sched_")
_OTHER = "Calls functions that this hub has no words for"


def abilities_of(capabilities: Iterable[str]) -> tuple[Ability, ...]:
    """Group capabilities by what they mean; what reaches out comes first, the unknown last."""
    left = set(capabilities)
    found: list[Ability] = []
    for meanings in (_REACHING_OUT, _INSIDE):
        for text, functions in meanings.items():
            if has := left.intersection(functions.split()):
                found.append(Ability(text, tuple(sorted(has)), meanings is _REACHING_OUT))
                left -= has
    system = {name for name in left if name.startswith(_SYSTEM_PREFIXES)}
    for text, names in ((_SYSTEM, system), (_OTHER, left - system)):
        if names:
            found.append(Ability(text, tuple(sorted(names))))
    return tuple(found)
