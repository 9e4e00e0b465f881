"""What a module can do, in the words that a reader is told: the one table of them.

Each host function and callback in ``wasmkit.abi.functions`` names its meaning here, or none when
it says nothing about a module (every module has it).
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["REACHING_OUT", "Meaning"]


class Meaning(StrEnum):
    """A capability in words, in the order in which they are told; the subject is the module."""

    CALLS_HTTP = "makes HTTP calls to other services"
    CALLS_GRPC = "makes gRPC calls to other services"
    RESOLVES_NAMES = "looks names up in the DNS"
    SEES_REQUESTS = "sees requests"
    SEES_RESPONSES = "sees responses"
    SEES_CONNECTIONS = "sees TCP connections"
    READS_HEADERS = "reads headers and trailers"
    CHANGES_HEADERS = "changes headers and trailers"
    READS_BODIES = "reads bodies and its configuration"
    CHANGES_BODIES = "changes bodies"
    RESPONDS = "sends its own responses"
    STEERS_STREAMS = "resumes or resets streams"
    REROUTES = "makes Envoy choose the route anew"
    READS_PROPERTIES = "reads facts about connection, request and node"
    SETS_PROPERTIES = "sets properties that other filters and access logs see"
    SHARES = "shares data and queues between workers"
    KEEPS_METRICS = "keeps metrics"
    READS_STATISTICS = "reads Envoy's statistics"
    CALLS_EXTENSIONS = "calls extensions built into Envoy"
    USES_TIMER = "works on a timer"
    SEES_ENDS = "acts at the end of each stream"
    SWITCHES_CONTEXT = "acts for another stream of the same worker"
    LOGS = "writes to Envoy's log"
    READS_CLOCK = "reads the clock"
    DRAWS_RANDOM = "draws random numbers"
    READS_ENVIRONMENT = "reads the environment variables it is given"
    USES_SYSTEM = "is linked to files, sockets and processes, which Envoy gives to no module"
    UNKNOWN = "calls functions that no stock Envoy has"


REACHING_OUT = frozenset({Meaning.CALLS_HTTP, Meaning.CALLS_GRPC, Meaning.RESOLVES_NAMES})
"""Capabilities that reach others than the client and the upstream whose traffic passes."""
