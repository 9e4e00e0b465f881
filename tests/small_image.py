"""A stand-in for the interpreter image: what the builder needs of CPython, in 60 lines of WAT.

"Python source" is a letter that says what to do, and text: ``x`` sends the text to the builder
and logs the answer, ``w`` writes it to stdout, ``c`` logs two looks at the clock, ``r`` 40 random
bytes, ``s`` the status of a host call that a builder cannot answer, ``n`` the size of the
environment; ``l`` loops for ever, ``d`` recurses, ``t`` traps, ``f`` fails, ``2`` sends two
requests. A bytes object is its size and its payload.
"""

from __future__ import annotations

from functools import cache

import wasmtime

__all__ = ["EXCHANGE_SLOT", "THREAD_STATE", "small_image"]

EXCHANGE_SLOT = 1
THREAD_STATE = 4096

_WAT = f"""
(module
  (type $exchange (func (param i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_done" (func $done (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 4 16)
  (table (export "__indirect_function_table") 2 funcref)
  (global (export "__stack_pointer") (mut i32) (i32.const 65536))
  (global $heap (mut i32) (i32.const 70000))
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (global.set $heap (i32.add (global.get $heap)
      (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -8))))
    (i32.sub (global.get $heap)
      (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -8))))
  (func (export "free") (param i32))
  (func (export "PyThreadState_Get") (result i32) (i32.const {THREAD_STATE}))
  (func $size (export "PyBytes_Size") (param i32) (result i32) (i32.load (local.get 0)))
  (func $text (export "PyBytes_AsString") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 4)))
  (func $bytes (export "PyBytes_FromStringAndSize") (param i32 i32) (result i32) (local i32)
    (local.set 2 (call $malloc (i32.add (local.get 1) (i32.const 4))))
    (i32.store (local.get 2) (local.get 1))
    (memory.copy (i32.add (local.get 2) (i32.const 4)) (local.get 0) (local.get 1))
    (local.get 2))
  (func $length (param i32) (result i32) (local i32)
    (local.set 1 (local.get 0))
    (block $end (loop $more
      (br_if $end (i32.eqz (i32.load8_u (local.get 1))))
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br $more)))
    (i32.sub (local.get 1) (local.get 0)))
  (func $show (param i32 i32) (drop (call $log (i32.const 2) (local.get 0) (local.get 1))))
  (func $ask (param i32 i32) (local i32)
    (local.set 2 (call_indirect (type $exchange)
      (i32.const 0) (call $bytes (local.get 0) (local.get 1)) (i32.const {EXCHANGE_SLOT})))
    (call $show (call $text (local.get 2)) (call $size (local.get 2))))
  (func $deep (param i32) (result i32)
    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "PyRun_SimpleStringFlags") (param $source i32) (param i32) (result i32)
    (local $what i32) (local $size i32)
    (local.set $what (i32.load8_u (local.get $source)))
    (local.set $source (i32.add (local.get $source) (i32.const 1)))
    (local.set $size (call $length (local.get $source)))
    (if (i32.eq (local.get $what) (i32.const 0x78)) (then
      (call $ask (local.get $source) (local.get $size))))
    (if (i32.eq (local.get $what) (i32.const 0x32)) (then
      (call $ask (local.get $source) (local.get $size))
      (call $ask (local.get $source) (local.get $size))))
    (if (i32.eq (local.get $what) (i32.const 0x77)) (then
      (i32.store (i32.const 16) (local.get $source))
      (i32.store (i32.const 20) (local.get $size))
      (i32.store (i32.const 24) (local.get $source))
      (i32.store (i32.const 28) (local.get $size))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 2) (i32.const 32)))
      (if (i32.ne (i32.load (i32.const 32)) (i32.mul (local.get $size) (i32.const 2)))
        (then (unreachable)))))
    (if (i32.eq (local.get $what) (i32.const 0x63)) (then
      (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 16)))
      (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 24)))
      (call $show (i32.const 16) (i32.const 16))))
    (if (i32.eq (local.get $what) (i32.const 0x72)) (then
      (drop (call $random (i32.const 16) (i32.const 40)))
      (call $show (i32.const 16) (i32.const 40))))
    (if (i32.eq (local.get $what) (i32.const 0x73)) (then
      (i32.store8 (i32.const 16) (i32.add (call $done) (i32.const 0x30)))
      (call $show (i32.const 16) (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 0x6e)) (then
      (i64.store (i32.const 16) (i64.const -1))
      (drop (call $sizes (i32.const 16) (i32.const 20)))
      (call $show (i32.const 16) (i32.const 8))))
    (if (i32.eq (local.get $what) (i32.const 0x6c)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $what) (i32.const 0x64)) (then (drop (call $deep (i32.const 0)))))
    (if (i32.eq (local.get $what) (i32.const 0x74)) (then (unreachable)))
    (select (i32.const -1) (i32.const 0) (i32.eq (local.get $what) (i32.const 0x66)))))
"""


@cache
def small_image() -> bytes:
    """Return the module."""
    return bytes(wasmtime.wat2wasm(_WAT))
