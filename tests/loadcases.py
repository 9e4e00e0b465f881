"""Small modules, one for each rule by which Envoy loads, refuses or does not survive a module.

What comes of each was seen on stock Envoys: ``tests/conformance/test_inspect_against_envoy.py``
sees it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import wasmtime

from wasmkit.inspection import Outcome
from wasmkit.profiles import ENVOYS

__all__ = ["CASES", "UNSAFE", "LoadCase"]

LOADS, REFUSED, KILLS = Outcome.LOADS, Outcome.REFUSED, Outcome.KILLS
NEW_WASI: Final = ("1.39", "1.40")


@dataclass(frozen=True)
class LoadCase:
    """A module, what comes of it, and in which Envoys; in others the outcome is ``else_``."""

    name: str
    text: str
    outcome: Outcome
    reason: str = ""
    """The beginning of Envoy's own words, if the module is refused."""
    envoys: tuple[str, ...] = ENVOYS
    else_: Outcome = REFUSED
    else_reason: str = ""

    @property
    def module(self) -> bytes:
        return bytes(wasmtime.wat2wasm(f"(module {self.text})"))

    def expected(self, envoy: str) -> tuple[Outcome, str]:
        if envoy in self.envoys:
            return self.outcome, self.reason
        return self.else_, self.else_reason


ABI = '(func (export "proxy_abi_version_0_2_1"))'
OLD = '(func (export "proxy_abi_version_0_1_0"))'
MALLOC = '(func (export "malloc") (param i32) (result i32) i32.const 1024)'
MEMORY = '(memory (export "memory") 1)'
NO_MEMORY = ABI + MALLOC
BASE = NO_MEMORY + MEMORY
LOG = '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))'
CALL_LOG = "(drop (call $log (i32.const 2) (i32.const 0) (i32.const 1)))"
DONE = '(import "env" "proxy_done" (func $done (result i32)))'
GROWTH = '(import "env" "emscripten_notify_memory_growth" (func $growth (param i32)))'
WASI = "wasi_snapshot_preview1"
YIELD = f'(import "{WASI}" "sched_yield" (func $yield (result i32)))'
POLL = f'(import "{WASI}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))'

NO_ABI = "Missing or unknown Proxy-Wasm ABI version"
BYTECODE = "Failed to load Wasm bytecode"
INSTANCE = "Failed to create new Wasm instance"
MISSING = "Failed to load Wasm module due to a missing import: "
MISMATCH = "Failed to load Wasm module due to an import type mismatch: "
BAD = "Bad function signature for: "
NO_MALLOC = "Wasm module is missing malloc function."
INIT = "Function: _initialize failed: Uncaught "


def _path_link(count: int) -> str:
    return f'(import "{WASI}" "path_link" (func (param{" i32" * count}) (result i32)))'


_ABI = (
    LoadCase("minimal", BASE, LOADS),
    LoadCase("no-abi-export", MALLOC + MEMORY, REFUSED, NO_ABI),
    LoadCase("abi-0.3.0", '(func (export "proxy_abi_version_0_3_0"))' + MALLOC, REFUSED, NO_ABI),
    LoadCase(
        "abi-is-a-global",
        '(global (export "proxy_abi_version_0_2_1") i32 (i32.const 0))' + MALLOC,
        REFUSED,
        NO_ABI,
    ),
    LoadCase("first-abi-export-counts", OLD + BASE, LOADS),
    LoadCase(
        "route-cache-in-0.1.0",
        '(import "env" "proxy_clear_route_cache" (func (result i32)))' + OLD + MALLOC + MEMORY,
        LOADS,
    ),
    LoadCase(
        "route-cache-in-0.2.1",
        '(import "env" "proxy_clear_route_cache" (func (result i32)))' + BASE,
        REFUSED,
        MISSING + "env.proxy_clear_route_cache",
    ),
    LoadCase(
        "log-level-in-0.2.0",
        '(import "env" "proxy_get_log_level" (func (param i32) (result i32)))'
        '(func (export "proxy_abi_version_0_2_0"))' + MALLOC,
        REFUSED,
        MISSING + "env.proxy_get_log_level",
    ),
)

_IMPORTS = (
    LoadCase("absent", '(import "env" "nope" (func))' + BASE, REFUSED, MISSING + "env.nope"),
    LoadCase(
        "other-namespace",
        '(import "wasi" "fd_write" (func))' + BASE,
        REFUSED,
        MISSING + "wasi.fd_write",
    ),
    LoadCase(
        "wrong-type",
        '(import "env" "proxy_log" (func (param i32 i64 externref)))' + BASE,
        REFUSED,
        MISMATCH + "env.proxy_log, want: i32 i64 externref -> void, but host exports: "
        "i32 i32 i32 -> i32",
    ),
    LoadCase("hidden-functions", GROWTH + BASE, LOADS),
    LoadCase(
        "wasi-of-1.39",
        f'(import "{WASI}" "fd_tell" (func (param i32 i32) (result i32)))' + BASE,
        LOADS,
        envoys=NEW_WASI,
        else_reason=MISSING + f"{WASI}.fd_tell",
    ),
    LoadCase(
        "path_link-as-wasi-has-it",
        _path_link(7) + BASE,
        REFUSED,
        MISMATCH + f"{WASI}.path_link, want: {'i32 ' * 7}-> i32",
        envoys=NEW_WASI,
        else_reason=MISSING + f"{WASI}.path_link",
    ),
    LoadCase(
        "path_link-as-envoy-has-it",
        _path_link(6) + BASE,
        LOADS,
        envoys=NEW_WASI,
        else_reason=MISSING + f"{WASI}.path_link",
    ),
    LoadCase(
        "path_symlink-as-wasi-has-it",
        f'(import "{WASI}" "path_symlink" (func (param{" i32" * 5}) (result i32)))' + BASE,
        REFUSED,
        MISMATCH + f"{WASI}.path_symlink, want: {'i32 ' * 5}-> i32",
        envoys=NEW_WASI,
        else_reason=MISSING + f"{WASI}.path_symlink",
    ),
    LoadCase(
        "proc_raise",
        f'(import "{WASI}" "proc_raise" (func (param i32) (result i32)))' + BASE,
        REFUSED,
        MISSING + f"{WASI}.proc_raise",
    ),
    LoadCase(
        "old-wasi-name",
        '(import "wasi_unstable" "random_get" (func (param i32 i32) (result i32)))' + BASE,
        LOADS,
    ),
    LoadCase("global", '(import "env" "g" (global i32))' + BASE, REFUSED, MISSING + "env.g"),
    LoadCase("memory", '(import "env" "m" (memory 1))' + NO_MEMORY, LOADS),
    LoadCase("table", '(import "env" "t" (table 1 funcref))' + BASE, LOADS),
    LoadCase(
        "type-in-a-group",
        "(rec (type $log (func (param i32 i32 i32) (result i32))) (type (struct)))"
        '(import "env" "proxy_log" (func (type $log)))' + BASE,
        REFUSED,
        INSTANCE,
    ),
)

_LIMITS = (
    LoadCase("no-memory", NO_MEMORY, LOADS),
    LoadCase("1-gib", NO_MEMORY + '(memory (export "memory") 16384)', LOADS),
    LoadCase("over-1-gib", NO_MEMORY + '(memory (export "memory") 16385)', REFUSED, INSTANCE),
    LoadCase("memory-maximum-4-gib", NO_MEMORY + "(memory 1 65536)", LOADS),
    LoadCase("wide-memory-over-1-gib", NO_MEMORY + "(memory i64 16385)", REFUSED, INSTANCE),
    LoadCase(
        "imported-memory-over-1-gib",
        '(import "env" "m" (memory 16385))' + NO_MEMORY,
        REFUSED,
        "Failed to initialize Wasm code",
    ),
    LoadCase("table-10m", BASE + "(table 10000000 funcref)", LOADS),
    LoadCase("table-over-10m", BASE + "(table 10000001 funcref)", REFUSED, BYTECODE),
    LoadCase("data-outside", BASE + '(data (i32.const 65536) "x")', REFUSED, INSTANCE),
    LoadCase("data-at-the-end", BASE + '(data (i32.const 65535) "x")', LOADS),
    LoadCase("data-far-outside", BASE + '(data (i32.const -1) "x")', REFUSED, INSTANCE),
    LoadCase(
        "elements-outside",
        BASE + "(table 1 funcref)(elem (i32.const 1) func 0)",
        REFUSED,
        INSTANCE,
    ),
)

_BYTECODE = (
    LoadCase("invalid", BASE + "(func (result i32))", REFUSED, BYTECODE),
    LoadCase(
        "simd-inside", BASE + "(func (result i32) (i8x16.all_true (v128.const i64x2 0 0)))", LOADS
    ),
    LoadCase("tail-call", BASE + "(func return_call 0)", LOADS),
    LoadCase("garbage-collection", BASE + "(type $s (struct (field i8)))", LOADS),
    LoadCase(
        "exceptions",
        BASE + "(tag $t)(func (block $h (try_table (catch $t $h) (throw $t))))",
        LOADS,
    ),
    LoadCase("legacy-exceptions", BASE + "(tag $t)(func try throw $t catch $t end)", LOADS),
    LoadCase("shared-memory", NO_MEMORY + "(memory 1 2 shared)", LOADS),
    LoadCase("multi-memory", BASE + "(memory 1)", LOADS),
    LoadCase("wide-table", BASE + "(table i64 1 funcref)", LOADS),
    LoadCase(
        "wide-arithmetic",
        BASE + "(func (param i64 i64) (result i64 i64)"
        " (i64.mul_wide_u (local.get 0) (local.get 1)))",
        REFUSED,
        BYTECODE,
    ),
    LoadCase("custom-page-size", NO_MEMORY + "(memory 1 (pagesize 1))", REFUSED, BYTECODE),
    LoadCase("stack-switching", BASE + "(tag $t)(func (suspend $t))", REFUSED, BYTECODE),
)

_TYPES = (
    LoadCase("export-v128", BASE + '(func (export "f") (param v128))', KILLS),
    LoadCase("export-exnref", BASE + '(func (export "f") (param exnref))', KILLS),
    LoadCase("export-anyref", BASE + '(func (export "f") (param anyref))', KILLS),
    LoadCase("export-nullfuncref", BASE + '(func (export "f") (param nullfuncref))', KILLS),
    LoadCase(
        "export-typed-ref",
        BASE + '(type $t (func))(func (export "f") (param (ref null $t)))',
        KILLS,
    ),
    LoadCase("export-funcref", BASE + '(func (export "f") (param (ref func)))', LOADS),
    LoadCase("export-externref", BASE + '(func (export "f") (param externref))', LOADS),
    LoadCase(
        "export-v128-global",
        BASE + '(global (export "g") v128 (v128.const i64x2 0 0))',
        KILLS,
    ),
    LoadCase("export-anyref-table", BASE + '(table (export "t") 1 anyref)', KILLS),
    LoadCase("export-tag", BASE + '(tag (export "t"))', KILLS),
    LoadCase("import-tag", '(import "env" "t" (tag))' + BASE, KILLS),
    LoadCase("import-v128", '(import "env" "nope" (func (param v128)))' + BASE, KILLS),
    LoadCase(
        "refused-before-it-kills",
        '(import "env" "nope" (func))' + BASE + '(func (export "f") (param v128))',
        REFUSED,
        MISSING + "env.nope",
    ),
    LoadCase(
        "no-abi-before-it-kills", MEMORY + '(func (export "f") (param v128))', REFUSED, NO_ABI
    ),
)

_EXPORTS = (
    LoadCase("no-malloc", ABI + MEMORY, REFUSED, NO_MALLOC),
    LoadCase(
        "malloc-is-a-global",
        ABI + MEMORY + '(global (export "malloc") i32 (i32.const 0))',
        REFUSED,
        NO_MALLOC,
    ),
    LoadCase(
        "the-other-malloc",
        ABI + '(func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 8)',
        LOADS,
    ),
    LoadCase(
        "malloc-of-a-wrong-type",
        ABI + '(func (export "malloc") (param i64) (result i32) i32.const 8)',
        REFUSED,
        BAD + "malloc, want: i32 -> i32, but the module exports: i64 -> i32",
    ),
    LoadCase(
        "callback-of-a-wrong-type",
        BASE + '(func (export "proxy_on_log") (param f32 f64 externref))',
        REFUSED,
        BAD + "proxy_on_log, want: i32 -> void, but the module exports: f32 f64 externref -> void",
    ),
    LoadCase(
        "hidden-callback",
        BASE + '(func (export "envoy_on_resolve_dns"))',
        REFUSED,
        BAD + "envoy_on_resolve_dns, want: i32 i32 i32 -> void",
    ),
    LoadCase(
        "callback-is-a-global", BASE + '(global (export "proxy_on_log") i32 (i32.const 0))', LOADS
    ),
    LoadCase(
        "headers-of-0.1.0-in-0.2.1",
        BASE + '(func (export "proxy_on_request_headers") (param i32 i32) (result i32)'
        " i32.const 0)",
        REFUSED,
        BAD + "proxy_on_request_headers, want: i32 i32 i32 -> i32",
    ),
    LoadCase(
        "headers-of-0.2.1-in-0.1.0",
        OLD + MALLOC + MEMORY + '(func (export "proxy_on_response_headers")'
        " (param i32 i32 i32) (result i32) i32.const 0)",
        REFUSED,
        BAD + "proxy_on_response_headers, want: i32 i32 -> i32",
    ),
    LoadCase(
        "foreign-function-in-0.1.0",
        OLD + MALLOC + MEMORY + '(func (export "proxy_on_foreign_function"))',
        LOADS,
    ),
    LoadCase("main-alone", BASE + '(func (export "main"))', LOADS),
    LoadCase(
        "main-with-initialize",
        BASE + '(func (export "_initialize"))(func (export "main") (result i32) i32.const 0)',
        REFUSED,
        BAD + "main, want: i32 i32 -> i32, but the module exports: void -> i32",
    ),
    LoadCase(
        "main_void-with-initialize",
        BASE + '(func (export "_initialize"))(func (export "__main_void"))',
        REFUSED,
        BAD + "__main_void, want: void -> i32",
        envoys=NEW_WASI,
        else_=LOADS,
    ),
    LoadCase(
        "start-with-initialize",
        BASE + '(func (export "_initialize"))(func (export "_start") (param i32))',
        LOADS,
    ),
    LoadCase(
        "start-of-a-wrong-type",
        BASE + '(func (export "_start") (param i32))',
        REFUSED,
        BAD + "_start, want: void -> void, but the module exports: i32 -> void",
    ),
)

_START = (
    LoadCase("start-section", BASE + "(func $s)(start $s)", LOADS),
    LoadCase("start-section-traps", BASE + "(func $s unreachable)(start $s)", REFUSED, INSTANCE),
    LoadCase("start-section-logs", LOG + BASE + f"(func $s {CALL_LOG})(start $s)", KILLS),
    LoadCase(
        "start-section-calls-what-calls",
        DONE + BASE + "(func $s (block (call $t)))(func $t (drop (call $done)))(start $s)",
        KILLS,
    ),
    LoadCase(
        "start-section-is-an-import",
        '(import "env" "proxy_done" (func))' + BASE,
        REFUSED,
        MISMATCH + "env.proxy_done",
    ),
    LoadCase(
        "start-section-yields", YIELD + BASE + "(func $s (drop (call $yield)))(start $s)", LOADS
    ),
    LoadCase("initialize-logs", LOG + BASE + f'(func (export "_initialize") {CALL_LOG})', LOADS),
    LoadCase(
        "initialize-calls-proxy",
        DONE + BASE + '(func (export "_initialize") (drop (call $done)))',
        REFUSED,
        INIT + "Error: restricted_callback",
    ),
    LoadCase(
        "initialize-polls",
        POLL + BASE + '(func (export "_initialize") (drop (call $poll (i32.const 0) (i32.const 8)'
        " (i32.const 0) (i32.const 16))))",
        LOADS,
        envoys=NEW_WASI,
        else_reason=INIT + "Error: restricted_callback",
    ),
    LoadCase(
        "initialize-tells-growth",
        GROWTH + BASE + '(func (export "_initialize") (call $growth (i32.const 0)))',
        LOADS,
        envoys=("1.37", "1.38", "1.39", "1.40"),
        else_reason=INIT + "Error: restricted_callback",
    ),
    LoadCase(
        "initialize-traps",
        BASE + '(func (export "_initialize") unreachable)',
        REFUSED,
        INIT + "RuntimeError: unreachable",
    ),
    LoadCase(
        "start-is-not-called-beside-initialize",
        DONE + BASE + '(func (export "_initialize"))(func (export "_start") (drop (call $done)))',
        LOADS,
    ),
)

CASES = (*_ABI, *_IMPORTS, *_LIMITS, *_BYTECODE, *_TYPES, *_EXPORTS, *_START)

UNSAFE = (
    LoadCase(
        "two-memories",
        '(import "env" "a" (memory 1))(import "env" "b" (memory 1))' + NO_MEMORY,
        KILLS,
    ),
    LoadCase(
        "two-tables",
        '(import "env" "a" (table 1 funcref))(import "env" "b" (table 1 funcref))' + BASE,
        KILLS,
    ),
)
"""Modules for which Envoy uses memory that it has freed: it refuses them, or dies."""
