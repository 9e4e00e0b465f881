"""What the Envoy releases have for a module, where they differ.

Signatures are the host's tables (``wasmkit.host``); here stands which Envoy has which function,
and which of them a module may call while it starts. Each line was measured on stock Envoy
1.36.4, 1.37.0, 1.38.2, 1.39.3 and 1.40.0, function by function.
"""

from __future__ import annotations

from wasmkit.errors import InputError
from wasmkit.host.guest.imports import proxy_signatures
from wasmkit.host.guest.loader import callback_signatures
from wasmkit.host.guest.wasi import WASI_MODULES, WASI_SIGNATURES

__all__ = [
    "ENVOYS",
    "HARMLESS_IN_START_FUNCTION",
    "allowed_at_start",
    "export_signatures",
    "host_signature",
    "release_of",
]

ENVOYS = ("1.36", "1.37", "1.38", "1.39", "1.40")
"""The releases that this project answers for, oldest first."""

_WITH_LARGE_WASI = ("1.39", "1.40")
_SINCE_1_39 = frozenset(
    {
        *("clock_res_get", "fd_advise", "fd_allocate", "fd_datasync", "fd_fdstat_set_rights"),
        *("fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pread"),
        *("fd_pwrite", "fd_readdir", "fd_renumber", "fd_sync", "fd_tell"),
        *("path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link"),
        *("path_readlink", "path_remove_directory", "path_rename", "path_symlink"),
        *("path_unlink_file", "sock_accept", "sock_recv", "sock_send", "sock_shutdown"),
    }
)
_ALWAYS_AT_START = frozenset(
    {
        *("proxy_log", "args_get", "args_sizes_get", "clock_time_get", "environ_get"),
        *("environ_sizes_get", "fd_fdstat_get", "fd_fdstat_set_flags", "fd_prestat_dir_name"),
        *("fd_prestat_get", "fd_write", "random_get"),
    }
)
_GROWTH = "emscripten_notify_memory_growth"

HARMLESS_IN_START_FUNCTION = frozenset({_GROWTH, "pthread_equal", "sched_yield"})
"""Host functions that look at nothing. Every other one looks for the context of the call, and
before the module is instantiated Envoy has none to give: it crashes."""


def release_of(version: str) -> str:
    """Return the release of a version (``1.38`` of ``1.38.2``) if it is one of ``ENVOYS``.

    Raises ``InputError`` for another.
    """
    release = ".".join(version.removeprefix("v").split(".")[:2])
    if release not in ENVOYS:
        raise InputError(
            f"nothing is known of an Envoy {version}", hint=f"known are {', '.join(ENVOYS)}"
        )
    return release


def host_signature(envoy: str, abi_version: str, module: str, name: str) -> str | None:
    """Return a host function's signature as ``proxy_signatures`` writes it, None if absent."""
    if module == "env":
        return proxy_signatures(abi_version).get(name)
    if module in WASI_MODULES and (name not in _SINCE_1_39 or envoy in _WITH_LARGE_WASI):
        return WASI_SIGNATURES.get(name)
    return None


def allowed_at_start(envoy: str) -> frozenset[str]:
    """Return the host functions that a module may call while it starts; others trap."""
    if envoy == "1.36":
        return _ALWAYS_AT_START
    if envoy in _WITH_LARGE_WASI:
        return _ALWAYS_AT_START | _SINCE_1_39 | {_GROWTH, "poll_oneoff"}
    return _ALWAYS_AT_START | {_GROWTH}


def export_signatures(
    envoy: str, abi_version: str, exported: frozenset[str]
) -> dict[str, tuple[int, int]]:
    """Return the exports that an Envoy looks up: the number of parameters and of results.

    In the order in which Envoy looks; all are i32. ``exported`` are the module's functions, for
    some are looked up only beside or instead of others.
    """
    wanted = {"_initialize": (0, 0)} if "_initialize" in exported else {"_start": (0, 0)}
    if "_initialize" in exported:
        wanted["main"] = (2, 1)
        if envoy in _WITH_LARGE_WASI and "main" not in exported:
            wanted["__main_void"] = (0, 1)
    wanted["malloc" if "malloc" in exported else "proxy_on_memory_allocate"] = (1, 1)
    wanted["envoy_on_resolve_dns"] = (3, 0)
    wanted["envoy_on_stats_update"] = (2, 0)
    return wanted | callback_signatures(abi_version)
