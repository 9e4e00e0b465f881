"""Every function that a host looks up in a module, one row each.

As Envoy's proxy-wasm-cpp-host looks them up (``src/wasm.cc``, ``getFunctions``).
"""

from __future__ import annotations

from typing import Any

from wasmkit.abi.capabilities import Meaning
from wasmkit.abi.signature import ALL_CONTEXTS, Callback, ContextKind, Result

__all__ = ["CALLBACKS", "ENTRY_POINTS", "callbacks_of"]

_ROOT = frozenset({ContextKind.ROOT})
_HTTP = frozenset({ContextKind.HTTP})
_TCP = frozenset({ContextKind.TCP})
_STREAMS = _HTTP | _TCP
_SINCE_0_2_0 = ("0.2.0", "0.2.1")


def _called(
    text: str,
    meaning: Meaning | None = None,
    contexts: frozenset[ContextKind] = ALL_CONTEXTS,
    **facts: Any,
) -> tuple[Callback, ...]:
    """Make a row of each line: a name, its parameters, and behind ``->`` what it returns."""
    rows = []
    for line in text.strip().splitlines():
        head, _, result = line.partition("->")
        name, *parameters = head.split()
        returned = Result(result.strip() or "nothing")
        rows.append(
            Callback(name, tuple(parameters), returned, meaning, contexts=contexts, **facts)
        )
    return tuple(rows)


ENTRY_POINTS = {
    row.name: row
    for row in _called(
        """
        _initialize
        _start
        main argc argv -> number
        __main_void -> number
        malloc size -> number
        proxy_on_memory_allocate size -> number
        """
    )
}
"""What a host calls so that a module starts, and what gives it memory of the module's."""

CALLBACKS = {
    row.name: row
    for row in (
        *_called("envoy_on_resolve_dns context_id token size", Meaning.RESOLVES_NAMES, _ROOT),
        *_called("envoy_on_stats_update context_id size", Meaning.READS_STATISTICS, _ROOT),
        *_called("proxy_on_context_create context_id parent_id"),
        *_called(
            """
            proxy_on_vm_start context_id size -> truth
            proxy_validate_configuration context_id size -> truth
            proxy_on_configure context_id size -> truth
            """,
            contexts=_ROOT,
        ),
        *_called("proxy_on_tick context_id", Meaning.USES_TIMER, _ROOT),
        *_called(
            """
            proxy_on_new_connection context_id -> action
            proxy_on_downstream_data context_id size end_of_stream -> action
            proxy_on_upstream_data context_id size end_of_stream -> action
            proxy_on_downstream_connection_close context_id peer
            proxy_on_upstream_connection_close context_id peer
            """,
            *(Meaning.SEES_CONNECTIONS, _TCP),
        ),
        *_called(
            "proxy_on_request_headers context_id count end_of_stream -> action",
            *(Meaning.SEES_REQUESTS, _HTTP),
            since_0_2_0=1,
        ),
        *_called(
            """
            proxy_on_request_body context_id size end_of_stream -> action
            proxy_on_request_trailers context_id count -> action
            proxy_on_request_metadata context_id count -> action
            """,
            *(Meaning.SEES_REQUESTS, _HTTP),
        ),
        *_called(
            "proxy_on_response_headers context_id count end_of_stream -> action",
            *(Meaning.SEES_RESPONSES, _HTTP),
            since_0_2_0=1,
        ),
        *_called(
            """
            proxy_on_response_body context_id size end_of_stream -> action
            proxy_on_response_trailers context_id count -> action
            proxy_on_response_metadata context_id count -> action
            """,
            *(Meaning.SEES_RESPONSES, _HTTP),
        ),
        *_called(
            "proxy_on_http_call_response context_id token headers body trailers",
            *(Meaning.CALLS_HTTP, _ROOT),
        ),
        *_called(
            """
            proxy_on_grpc_receive_initial_metadata context_id token count
            proxy_on_grpc_receive context_id token size
            proxy_on_grpc_receive_trailing_metadata context_id token count
            proxy_on_grpc_close context_id token status
            """,
            *(Meaning.CALLS_GRPC, _ROOT),
        ),
        *_called("proxy_on_queue_ready context_id token", Meaning.SHARES, _ROOT),
        *_called(
            "proxy_on_foreign_function context_id function_id size",
            Meaning.CALLS_EXTENSIONS,
            versions=_SINCE_0_2_0,
        ),
        *_called("proxy_on_log context_id", Meaning.SEES_ENDS, _STREAMS),
        *_called("proxy_on_done context_id -> truth", Meaning.SEES_ENDS),
        *_called("proxy_on_delete context_id", Meaning.SEES_ENDS),
    )
}
"""Every callback that an Envoy looks up, by name."""


def callbacks_of(abi_version: str) -> dict[str, Callback]:
    """Return the callbacks that a module of that version may export."""
    return {name: row for name, row in CALLBACKS.items() if abi_version in row.versions}
