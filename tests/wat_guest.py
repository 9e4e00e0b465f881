"""Small guests written in WAT, one callback each, for tests that must not depend on any SDK.

``$"text"`` in a body stands for the pointer and the length of that text, which is put into the
module's memory. Helpers: ``$say`` (log at info), ``$log`` (level first), ``$add``, ``$replace``,
``$remove`` (map first), ``$reply`` (status, body), ``$body`` (buffer, new content), ``$echo``
(log a buffer's content).
"""

from __future__ import annotations

import re

import wasmtime

_TEXTS = 32
_HEAP = 8192

_SIGNATURES = {
    "context_create": "(param i32 i32)",
    "vm_start": "(param i32 i32) (result i32)",
    "configure": "(param i32 i32) (result i32)",
    "request_headers": "(param $id i32) (param $n i32) (param $eos i32) (result i32)",
    "request_body": "(param $id i32) (param $size i32) (param $eos i32) (result i32)",
    "request_trailers": "(param $id i32) (param $n i32) (result i32)",
    "response_headers": "(param $id i32) (param $n i32) (param $eos i32) (result i32)",
    "response_body": "(param $id i32) (param $size i32) (param $eos i32) (result i32)",
    "response_trailers": "(param $id i32) (param $n i32) (result i32)",
    "log": "(param i32)",
    "done": "(param i32) (result i32)",
    "delete": "(param i32)",
}

_IMPORTS = """
(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
(import "env" "proxy_add_header_map_value"
  (func $add_ (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_replace_header_map_value"
  (func $replace_ (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_remove_header_map_value" (func $remove_ (param i32 i32 i32) (result i32)))
(import "env" "proxy_send_local_response"
  (func $reply_ (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_buffer_bytes" (func $get_ (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_buffer_bytes" (func $set_ (param i32 i32 i32 i32 i32) (result i32)))
"""

_HELPERS = """
(memory (export "memory") 64)
(global $heap (mut i32) (i32.const 8192))
(func (export "proxy_abi_version_0_2_1"))
(func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
  (local $at i32)
  (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const 4194304))
    (then (global.set $heap (i32.const 8192))))
  (local.set $at (global.get $heap))
  (global.set $heap (i32.add (local.get $at) (local.get $size)))
  (local.get $at))
(func $say (param i32 i32) (drop (call $log (i32.const 2) (local.get 0) (local.get 1))))
(func $at (param i32 i32 i32) (drop (call $log (local.get 0) (local.get 1) (local.get 2))))
(func $add (param i32 i32 i32 i32 i32)
  (drop (call $add_ (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))
(func $replace (param i32 i32 i32 i32 i32)
  (drop (call $replace_ (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))
(func $remove (param i32 i32 i32)
  (drop (call $remove_ (local.get 0) (local.get 1) (local.get 2))))
(func $reply (param i32 i32 i32)
  (drop (call $reply_ (local.get 0) (i32.const 0) (i32.const 0) (local.get 1) (local.get 2)
    (i32.const 0) (i32.const 0) (i32.const -1))))
(func $body (param i32 i32 i32)
  (drop (call $set_ (local.get 0) (i32.const 0) (i32.const 0x7fffffff)
    (local.get 1) (local.get 2))))
(func $echo (param i32)
  (i64.store (i32.const 0) (i64.const 0))
  (drop (call $get_ (local.get 0) (i32.const 0) (i32.const 0x7fffffff)
    (i32.const 0) (i32.const 4)))
  (call $say (i32.load (i32.const 0)) (i32.load (i32.const 4))))
"""


def guest(extra: str = "", **callbacks: str) -> bytes:
    """Return a module with the callbacks, named without ``proxy_on_``; ``extra`` is WAT."""
    texts: dict[str, int] = {}
    end = _TEXTS

    def place(match: re.Match[str]) -> str:
        nonlocal end
        text = match[1]
        size = len(re.sub(r"\\[0-9a-f]{2}|\\.", "x", text).encode())
        if text not in texts:
            texts[text] = end
            end += size
            assert end <= _HEAP
        return f"(i32.const {texts[text]}) (i32.const {size})"

    functions = []
    for name, body in callbacks.items():
        placed = re.sub(r'\$"((?:[^"\\]|\\.)*)"', place, body)
        functions.append(f'(func (export "proxy_on_{name}") {_SIGNATURES[name]} {placed})')
    data = [f'(data (i32.const {at}) "{text}")' for text, at in texts.items()]
    return bytes(
        wasmtime.wat2wasm("\n".join(["(module", _IMPORTS, extra, _HELPERS, *functions, *data, ")"]))
    )
