"""Assembles the glue: ``glue.wat`` and what is regular enough to be written by a program.

That is the host calls (``methods``), the Proxy-Wasm callbacks, which differ in their number of
parameters, and the answers to all those WASI 0.2 functions that a filter cannot use. A file or
socket call must fail with an ordinary ``OSError``, so each of them returns ``error(code)`` in the
canonical ABI: 1 at +0 of the result, the code at the alignment of the result's larger half
(component-model ``CanonicalABI.md``, "Alignment").
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import wasmtime

from wasmkit.abi.callbacks import CALLBACKS as ABI_CALLBACKS
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.sdk.embedding import CALLBACK_NAMES, HostCalls
from wasmkit.toolchain.python.methods import import_text, write_methods
from wasmkit.wasm.module import Import, Kind, Module, read_module

if TYPE_CHECKING:
    from wasmkit.abi.signature import HostFunction

__all__ = ["CALLBACKS", "HOST_CALLS", "METHODS", "glue_for", "glue_text"]

CALLBACKS: dict[str, tuple[int, bool]] = {
    name: (ABI_CALLBACKS[name].count("0.2.1"), bool(ABI_CALLBACKS[name].result_types))
    for name in CALLBACK_NAMES
}
"""The callbacks that the glue can export: number of parameters, whether it returns a value."""

HOST_CALLS = tuple(HOST_FUNCTIONS[name] for name in vars(HostCalls) if name in HOST_FUNCTIONS)
"""The host functions that the SDK calls: its protocol says which."""

_OWN_METHODS = ("environ", "exchange")
"""What ``glue.wat`` has itself; ``exchange`` talks to the builder, a filter's host has none."""

METHODS = (*(row.name for row in HOST_CALLS), *_OWN_METHODS)
"""The functions of the builtin module ``_proxy_wasm`` in the order of the glue's table slots."""

_WASI_CALLS = tuple(
    HOST_FUNCTIONS[name]
    for name in ("clock_time_get", "random_get", "fd_write", "environ_sizes_get", "environ_get")
)
"""What ``glue.wat`` calls itself."""

_NO_ENTRY = 20
_BAD_DESCRIPTOR = 3
_NOT_SUPPORTED = 2
_NAME_UNRESOLVABLE = 18
"""wasi:filesystem/types ``error-code`` and wasi:sockets/network ``error-code`` 0.2, by place."""

_OFFSETS = {
    2: ("resolve-next-address",),
    4: (
        "read-via-stream", "write-via-stream", "append-via-stream", "descriptor.read",
        "read-directory", "open-at", "readlink-at", "read-directory-entry", "udp-socket.stream",
        "local-address", "remote-address", "stream.receive", "create-udp-socket",
        "finish-connect", "accept", "keep-alive-count", "create-tcp-socket", "resolve-addresses",
    ),
    8: (
        "descriptor.write", "stat", "stat-at", "metadata-hash", "metadata-hash-at",
        "receive-buffer-size", "send-buffer-size", "check-send", "stream.send",
        "keep-alive-idle-time", "keep-alive-interval",
    ),
}  # fmt: skip
"""Where the error code stands in a result, by the function's name; 1 for all others.

A name with a dot says which resource's method is meant, where two share a name.
"""


def _short_names(function: str) -> set[str]:
    """Return the names by which ``_OFFSETS`` may call ``[method]tcp-socket.accept``."""
    name = function.rpartition("]")[2]
    resource, _, method = name.rpartition(".")
    return {name, method, f"{resource.rpartition('-')[2]}.{method}"}


def _offset(function: str) -> int:
    names = _short_names(function)
    for offset, known in _OFFSETS.items():
        if names & set(known):
            return offset
    return 1


def _error_code(interface: str, function: str) -> int:
    if "filesystem" in interface:
        return _NO_ENTRY if function.endswith("-at") else _BAD_DESCRIPTOR
    if function == "resolve-addresses":
        return _NAME_UNRESOLVABLE
    return _NOT_SUPPORTED


_VALUE_TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64"}


def _binding(interface: str, item: Import, module: Module) -> str:
    assert isinstance(item.type, int)
    signature = module.types[item.type]
    assert signature is not None
    parameters = " ".join(_VALUE_TYPES[value] for value in signature.parameters)
    head = f'(func (export "{interface}#{item.name}") (param {parameters})'
    if item.name.startswith("[resource-drop]"):
        return head + ")"
    out = f"(local.get {len(signature.parameters) - 1})"
    code = _error_code(interface, item.name)
    return (
        f"{head} (i32.store8 {out} (i32.const 1))"
        f" (i32.store8 offset={_offset(item.name)} {out} (i32.const {code})))"
    )


def _bindings(libraries: list[Module], exported: set[str]) -> str:
    """Write an answer to every WASI import of the libraries that ``glue.wat`` does not answer."""
    written: dict[str, str] = {}
    for module in libraries:
        for item in module.imported(Kind.FUNCTION):
            interface = item.module.partition("@")[0]
            key = f"{interface}#{item.name}"
            if interface.startswith("wasi:") and key not in exported and key not in written:
                written[key] = _binding(interface, item, module)
    return "\n  ".join(written[key] for key in sorted(written))


def _callback(number: int, name: str) -> str:
    parameters, returns = CALLBACKS[name]
    arguments = " ".join(f"(local.get {place})" for place in range(parameters))
    arguments += " (i32.const 0)" * (5 - parameters)
    function = f"(i32.load offset={4 * number} (global.get $callbacks))"
    call = f"(call $call {function} (i32.const {parameters}) {arguments})"
    head = f'(func (export "{name}") (param{" i32" * parameters})'
    return f"{head} (result i32) {call})" if returns else f"{head} (drop {call}))"


@cache
def glue_text(host_calls: tuple[HostFunction, ...] = HOST_CALLS) -> str:
    """Write the glue for a list of host calls; ``;;@bindings`` is left, for ``glue_for``."""
    text = resources.files(__package__).joinpath("glue.wat").read_text()
    methods = write_methods(host_calls)
    names = [*(row.name for row in host_calls), *_OWN_METHODS]
    elements = " ".join(f"$call_{name}" for name in names)
    for place, written in {
        "imports": f"{methods.imports}\n  {import_text(_WASI_CALLS)}",
        "methods": methods.functions,
        "table": f"(table {len(names)} funcref)\n  (elem (i32.const 0) func {elements})",
        "callbacks": "\n  ".join(_callback(*item) for item in enumerate(CALLBACKS)),
    }.items():
        text = text.replace(f";;@{place}\n", f"{written}\n")
    return text


def glue_for(libraries: list[Module]) -> Module:
    """Assemble the glue for libraries with these WASI imports."""
    bare = read_module(bytes(wasmtime.wat2wasm(glue_text())))
    exported = {item.name for item in bare.exports}
    text = glue_text().replace(";;@bindings", _bindings(libraries, exported))
    return read_module(bytes(wasmtime.wat2wasm(text)))
