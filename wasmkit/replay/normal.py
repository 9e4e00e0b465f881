"""What must be left out so that outcomes of different engines, or of two runs, can be compared.

Only what Envoy itself adds anew each time is named here; what a filter adds always stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmkit.engines.engine import Outcome
    from wasmkit.traffic.model import Header

__all__ = ["VOLATILE_REQUEST_HEADERS", "VOLATILE_RESPONSE_HEADERS", "normalise"]

VOLATILE_REQUEST_HEADERS = frozenset({"x-request-id", "x-envoy-expected-rq-timeout-ms"})
VOLATILE_RESPONSE_HEADERS = frozenset({"date", "server", "x-envoy-upstream-service-time"})


def _without(headers: tuple[Header, ...], names: frozenset[str]) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[0] not in names)


def normalise(outcome: Outcome) -> Outcome:
    """Return the outcome without the headers that differ from run to run."""
    upstream = outcome.upstream
    if upstream is not None:
        upstream = replace(upstream, headers=_without(upstream.headers, VOLATILE_REQUEST_HEADERS))
    client = replace(
        outcome.client, headers=_without(outcome.client.headers, VOLATILE_RESPONSE_HEADERS)
    )
    return replace(outcome, upstream=upstream, client=client)
