"""In the child: from an image's layer to what its module is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wasmtime

from wasmkit.artifact.descriptor import Descriptor
from wasmkit.artifact.shapes import unpack_module
from wasmkit.errors import GuestModuleError, RegistryError
from wasmkit.inspection import inspect_module
from wasmkit.records import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["prepare", "run"]

_CORE_MODULE = b"\0asm\1\0\0\0"
_SAMPLE = """(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 0))
  (func $start (export "_initialize") (drop (call $log (i32.const 0) (i32.const 0) (i32.const 0))))
  (elem (i32.const 0) $start)
  (data (i32.const 0) "x"))"""
"""Has something for each part of the inspector to look at, and so to load."""
_MOST_ITEMS = 200
_LONGEST_TEXT = 300
"""So that the facts of no module make its page slow."""


def prepare() -> None:
    """Load the inspector and the engine that it asks (see ``confined.Task``)."""
    to_json(inspect_module(bytes(wasmtime.wat2wasm(_SAMPLE))))


def run(options: dict[str, str], parts: Sequence[bytes]) -> dict[str, Any]:
    """Unpack and inspect one layer.

    ``options``: the layer's ``media_type``. Returns ``module``, the inspection as the filter
    document has it, with long lists cut; or ``absent``: why no module is
    in it, or ``broken``: why what is in it is not a module that any Envoy could load.
    """
    layer = Descriptor(options["media_type"], "", len(parts[0]))
    try:
        module = unpack_module(layer, parts[0])
    except RegistryError as exc:
        return {"absent": str(exc)}
    if not module.startswith(_CORE_MODULE):
        return {"broken": "what it holds is not a core WebAssembly module, which Envoy needs"}
    try:
        inspection = inspect_module(module)
    except GuestModuleError as exc:
        return {"broken": f"its module is broken: {exc}"[:_LONGEST_TEXT]}
    return {"module": _bounded(to_json(inspection))}


def _bounded(value: Any) -> Any:
    """Cut a JSON value's lists and texts; what is counted in it was counted whole."""
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, list):
        return [_bounded(each) for each in value[:_MOST_ITEMS]]
    if isinstance(value, dict):
        return {key: _bounded(each) for key, each in value.items()}
    return value
