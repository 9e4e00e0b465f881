"""A component as componentize-py makes them, only small, and a glue to go with it.

Two libraries share ``main``'s memory and table. ``libc.so`` is made before ``libx.so``, so what
it takes from there goes through a trampoline in ``main``; ``__init`` fills the table.
"""

from __future__ import annotations

from functools import cache

import wasmtime

from wasm_tools import assemble
from wasmkit.toolchain.python.component import read_component
from wasmkit.toolchain.python.program import Program
from wasmkit.wasm.module import read_module

__all__ = ["COMPONENT", "GLUE", "program"]

COMPONENT = r"""
(component
  (import "wasi:clocks/monotonic-clock@0.2.9" (instance $clock
    (export "now" (func (result u64)))))
  (alias export $clock "now" (func $now))

  (core module $main
    (type $one (func (param i32) (result i32)))
    (memory (export "memory") 2)
    (table (export "__indirect_function_table") 8 funcref)
    (global (export "__stack_pointer") (mut i32) (i32.const 65536))
    (global (export "libc.so:memory_base") i32 (i32.const 1024))
    (global (export "libc.so:table_base") i32 (i32.const 1))
    (global (export "libx.so:memory_base") i32 (i32.const 2048))
    (global (export "libx.so:table_base") i32 (i32.const 4))
    (global (export "libx.so:text") (mut i32) (i32.const 1032))
    (global (export "libx.so:triple") (mut i32) (i32.const 2))
    (func (export "late") (param i32) (result i32)
      (call_indirect (type $one) (local.get 0) (i32.const 7)))
    (func (export "not_a_trampoline") (param i32) (result i32) (local i32)
      (call_indirect (type $one) (local.get 0) (i32.const 7)))
    (data (i32.const 1032) "\2a\00\00\00\2b\00\00\00")
    (data (i32.const 2048) "\07"))

  (core module $libc.so
    (type $one (func (param i32) (result i32)))
    (import "env" "memory" (memory 1))
    (import "env" "__indirect_function_table" (table 3 funcref))
    (import "env" "__stack_pointer" (global $sp (mut i32)))
    (import "env" "__memory_base" (global $memory_base i32))
    (import "env" "__table_base" (global $table_base i32))
    (import "env" "late" (func $late (param i32) (result i32)))
    (import "env" "not_a_trampoline" (func $other (param i32) (result i32)))
    (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
    (global (export "text") i32 (i32.const 8))
    (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $triple (export "triple") (param i32) (result i32)
      (i32.mul (local.get 0) (i32.const 3)))
    (func (export "through_table") (param i32) (result i32)
      (call_indirect (type $one)
        (local.get 0) (i32.add (global.get $table_base) (i32.const 1))))
    (func (export "through_main") (param i32) (result i32) (call $late (local.get 0)))
    (func (export "through_other") (param i32) (result i32) (call $other (local.get 0)))
    (func (export "own_data") (result i32)
      (i32.load (i32.add (global.get $memory_base) (i32.const 12))))
    (func (export "time") (result i64) (call $now))
    (func (export "Py_EnterRecursiveCall") (param i32) (result i32)
      (i32.lt_u (global.get $sp) (i32.const 60000)))
    (func (export "scratch") (result i32)
      (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
      (i32.store (global.get $sp) (i32.const 3))
      (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
      (i32.load (i32.sub (global.get $sp) (i32.const 16))))
    (func $unreached (export "unreached") (param i32) (result i32)
      (i32.add (local.get 0) (i32.const 0x5eed)))
    (elem (global.get $table_base) func $double $triple))

  (core module $libx.so
    (type $one (func (param i32) (result i32)))
    (import "env" "memory" (memory 1))
    (import "env" "__indirect_function_table" (table 4 funcref))
    (import "env" "__memory_base" (global $memory_base i32))
    (import "env" "__table_base" (global $table_base i32))
    (import "env" "through_table" (func $through_table (param i32) (result i32)))
    (import "GOT.mem" "text" (global $text (mut i32)))
    (import "GOT.func" "triple" (global $triple (mut i32)))
    (global (export "sum") i32 (i32.add (i32.const 1) (i32.const 2)))
    (global $calls (mut i32) (i32.const 5))
    (func $plus (export "late") (param i32) (result i32)
      (i32.add (local.get 0) (i32.const 1000)))
    (func (export "others_data") (result i32) (i32.load (global.get $text)))
    (func (export "others_function") (param i32) (result i32)
      (call_indirect (type $one) (local.get 0) (global.get $triple)))
    (func (export "others_call") (param i32) (result i32) (call $through_table (local.get 0)))
    (func (export "count") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (global.get $calls))
    (func $deep (export "deep") (param i32) (result i32) (local i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
      (local.set 1 (call $deep (i32.sub (local.get 0) (i32.const 1))))
      (if (i32.lt_s (local.get 1) (i32.const 0)) (then (return (local.get 1))))
      (i32.add (local.get 1) (i32.const 1)))
    (func (export "choose") (param i32) (result i32)
      (block $a (block $b (br_table $a $b $a (local.get 0)))
        (return (i32.const 11)))
      (i32.const 22))
    (elem (global.get $table_base) func $plus $plus))

  (core module $__init
    (import "env" "__indirect_function_table" (table 8 funcref))
    (import "env" "libx.so:text" (global $text (mut i32)))
    (import "libx.so" "late" (func $late (param i32) (result i32)))
    (import "libc.so" "triple" (func $triple (param i32) (result i32)))
    (func (export "init") (global.set $text (i32.const 0)))
    (elem (i32.const 6) func $triple $late))

  (core instance $main (instantiate $main))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $main "__indirect_function_table" (core table $table))
  (alias core export $main "__stack_pointer" (core global $sp))
  (alias core export $main "libc.so:memory_base" (core global $c_memory))
  (alias core export $main "libc.so:table_base" (core global $c_table))
  (alias core export $main "libx.so:memory_base" (core global $x_memory))
  (alias core export $main "libx.so:table_base" (core global $x_table))
  (alias core export $main "libx.so:text" (core global $text))
  (alias core export $main "libx.so:triple" (core global $triple))
  (alias core export $main "late" (core func $late))
  (alias core export $main "not_a_trampoline" (core func $other))
  (core func $now (canon lower (func $now)))
  (core instance $clock (export "now" (func $now)))
  (core instance $c_env
    (export "memory" (memory $memory))
    (export "__indirect_function_table" (table $table))
    (export "__stack_pointer" (global $sp))
    (export "__memory_base" (global $c_memory))
    (export "__table_base" (global $c_table))
    (export "late" (func $late))
    (export "not_a_trampoline" (func $other)))
  (core instance $libc.so (instantiate $libc.so
    (with "env" (instance $c_env))
    (with "wasi:clocks/monotonic-clock@0.2.0" (instance $clock))))
  (alias core export $libc.so "through_table" (core func $through_table))
  (core instance $x_env
    (export "memory" (memory $memory))
    (export "__indirect_function_table" (table $table))
    (export "__memory_base" (global $x_memory))
    (export "__table_base" (global $x_table))
    (export "through_table" (func $through_table)))
  (core instance $x_mem (export "text" (global $text)))
  (core instance $x_func (export "triple" (global $triple)))
  (core instance $libx.so (instantiate $libx.so
    (with "env" (instance $x_env))
    (with "GOT.mem" (instance $x_mem))
    (with "GOT.func" (instance $x_func))))
  (core instance $__init (instantiate $__init
    (with "env" (instance $main))
    (with "libc.so" (instance $libc.so))
    (with "libx.so" (instance $libx.so))))
)
"""

GLUE = r"""
(module
  (import "library" "triple" (func $triple (param i32) (result i32)))
  (import "env" "proxy_done" (func $proxy_done (result i32)))
  (import "env" "proxy_unused" (func $proxy_unused (result i32)))
  (import "env" "memory" (memory 0))
  (import "library" "__stack_pointer" (global $sp (mut i32)))
  (import "library" "text" (global $text i32))
  (global $state (export "state") (mut i32) (i32.const 9))
  (func (export "nine_times") (param i32) (result i32)
    (call $triple (call $triple (local.get 0))))
  (func (export "text_address") (result i32) (global.get $text))
  (func (export "state_now") (result i32) (global.get $state))
  (func (export "stack") (result i32) (global.get $sp))
  (func (export "ask_host") (result i32) (call $proxy_done))
  (func (export "wasi:clocks/monotonic-clock#now") (result i64) (i64.const 77))
  (func $method (param i32) (result i32) (i32.const 501))
  (func $other_method (param i32) (result i32) (call $proxy_unused))
  (table 2 funcref)
  (elem (i32.const 0) func $method $other_method))
"""


@cache
def _assembled(text: str) -> bytes:
    return assemble(text)


def program(component: str = COMPONENT, glue: str = GLUE) -> Program:
    """Return the program of a component's and a glue's text."""
    return Program(
        read_component(_assembled(component)), read_module(bytes(wasmtime.wat2wasm(glue)))
    )
