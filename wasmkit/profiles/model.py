"""What is known of one host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.abi.callbacks import ENTRY_POINTS, callbacks_of
from wasmkit.abi.functions import HOST_FUNCTIONS, WASI_MODULES, env_functions

if TYPE_CHECKING:
    from collections.abc import Collection

    from wasmkit.abi.signature import Callback, HostFunction

__all__ = ["HeaderRules", "HostLimits", "Profile"]


@dataclass(frozen=True, slots=True)
class HostLimits:
    """How much a host gives to a module."""

    memory_pages: int
    """Pages of 64 KiB."""
    table_entries: int
    random_bytes: int
    """What ``random_get`` writes at once."""
    buffer_bytes: int
    """What is kept back of a body (``per_connection_buffer_limit_bytes``, its default)."""


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """Header names that a host treats in a way of its own; all lower case."""

    joined_in_requests: frozenset[bytes]
    """Kept in one field each, so that a second value is joined to the first by a comma."""
    joined_in_responses: frozenset[bytes]
    not_to_upstreams: frozenset[bytes]
    """Instructions to the router, which takes them out."""
    not_from_clients: frozenset[bytes]
    """Taken out of what a client sends: only a proxy or a filter may say it."""
    added_to_responses: frozenset[bytes]
    """What a response gets that has none of that name; of these the own host knows ``date``."""
    not_to_clients: frozenset[bytes]
    """Taken out of responses behind the filters: they are about one connection."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A host: what it is made of, which functions it has, when they may be called.

    The functions of ``env`` are those of the module's ABI version, in every host; function names
    are those of ``wasmkit.abi.functions``. ``in_start_section`` are harmless while a module's
    start section runs; Envoy dies when it calls another. A function called in another phase than
    ``at_start`` or ``in_allocation`` allow traps.
    """

    name: str
    """As ``--host`` takes it: ``envoy-1.40``."""
    release: str
    v8: str
    """The version of the engine, which decides what WebAssembly it takes."""
    wasi: frozenset[str]
    at_start: frozenset[str]
    in_allocation: frozenset[str]
    in_start_section: frozenset[str]
    calls_main_void: bool
    """Whether ``__main_void`` is called behind ``_initialize`` where there is no ``main``."""
    poll_answers: bool
    """Whether ``poll_oneoff`` says at once that nothing has happened; if not, it is refused."""
    fail_open_spares_request: bool
    """Whether with FAIL_OPEN the request in which the VM fails passes too, not 503."""
    foreign_functions: frozenset[str]
    absent_attributes: frozenset[bytes]
    """Paths of attributes that other hosts have and this one has not."""
    limits: HostLimits
    headers: HeaderRules

    def function(self, abi_version: str, module: str, name: str) -> HostFunction | None:
        """Return the host function that an import links to, None if there is none."""
        if module in WASI_MODULES:
            return HOST_FUNCTIONS[name] if name in self.wasi else None
        return env_functions(abi_version).get(name) if module == "env" else None

    def exports(self, abi_version: str, exported: Collection[str]) -> list[Callback]:
        """Return what the host looks up among a module's exported functions, in its order.

        Some are looked up only beside or instead of others.
        """
        names = ["_start"]
        if "_initialize" in exported:
            names = ["_initialize", "main"]
            if self.calls_main_void and "main" not in exported:
                names.append("__main_void")
        names.append("malloc" if "malloc" in exported else "proxy_on_memory_allocate")
        return [ENTRY_POINTS[name] for name in names] + [*callbacks_of(abi_version).values()]

    def starters(self, exported: Collection[str]) -> list[str]:
        """Return the functions that the host calls to start a module, in its order."""
        looked_up = self.exports("0.2.1", exported)
        names = [row.name for row in looked_up if row.name in ENTRY_POINTS]
        return [name for name in names[:-1] if name in exported]
