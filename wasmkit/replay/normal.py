"""What must be left out so that outcomes of different engines, or of two runs, can be compared.

Only what Envoy itself adds anew each time is named here; what a filter adds always stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmkit.engines.engine import Outcome, Wire
from wasmkit.http.framing import without

if TYPE_CHECKING:
    from wasmkit.engines.engine import Event

__all__ = ["VOLATILE_REQUEST_HEADERS", "VOLATILE_RESPONSE_HEADERS", "normalise"]

VOLATILE_REQUEST_HEADERS = frozenset({b"x-request-id", b"x-envoy-expected-rq-timeout-ms"})
VOLATILE_RESPONSE_HEADERS = frozenset({b"date", b"server", b"x-envoy-upstream-service-time"})
_VOLATILE = {"upstream": VOLATILE_REQUEST_HEADERS, "client": VOLATILE_RESPONSE_HEADERS}


def normalise(outcome: Outcome) -> Outcome:
    """Return the outcome without the headers that differ from run to run."""
    return Outcome(tuple(map(_normal, outcome.events)))


def _normal(event: Event) -> Event:
    if not isinstance(event, Wire) or event.message is None:
        return event
    headers = without(event.message.headers, _VOLATILE[event.side])
    return replace(event, message=replace(event.message, headers=headers))
