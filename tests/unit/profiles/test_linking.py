"""What links in which host, and a host's words where it does not."""

from __future__ import annotations

import pytest

from wasmkit.profiles import envoy_profile
from wasmkit.profiles.linking import Signature, abi_version_of, export_faults, import_fault

OLD, NEW = envoy_profile("1.36"), envoy_profile("1.40")
TELL = Signature(("i32", "i32"), ("i32",))


def test_a_signature_reads_as_envoy_writes_it() -> None:
    assert str(Signature(("i32", "i64"), ("i32",))) == "i32 i64 -> i32"
    assert str(Signature((), ())) == "void -> void"


def test_the_first_version_counts() -> None:
    names = ["f", "proxy_abi_version_0_1_0", "proxy_abi_version_0_2_1"]
    assert abi_version_of(names) == "0.1.0"
    assert abi_version_of(["proxy_abi_version_0_3_0", "proxy_abi_version"]) is None


@pytest.mark.parametrize("module", ["wasi_snapshot_preview1", "wasi_unstable"])
def test_a_function_links_where_there_is_one(module: str) -> None:
    assert import_fault(NEW, "0.2.1", module, "fd_tell", TELL) == ""
    assert import_fault(OLD, "0.2.1", module, "fd_tell", TELL) == (
        f"Failed to load Wasm module due to a missing import: {module}.fd_tell"
    )
    assert "missing" in import_fault(NEW, "0.2.1", "env", "fd_tell", TELL)
    assert import_fault(NEW, "0.2.1", module, "fd_tell", Signature(("i32",), ("i32",))) == (
        f"Failed to load Wasm module due to an import type mismatch: {module}.fd_tell,"
        " want: i32 -> i32, but host exports: i32 i32 -> i32"
    )


def test_a_function_of_env_depends_on_the_abi() -> None:
    done = Signature((), ("i32",))
    assert import_fault(OLD, "0.1.0", "env", "proxy_clear_route_cache", done) == ""
    assert "missing" in import_fault(OLD, "0.2.0", "env", "proxy_clear_route_cache", done)


def test_export_faults() -> None:
    nothing = Signature((), ())
    faults = export_faults(NEW, "0.2.1", {"_initialize": nothing, "__main_void": nothing})
    assert next(faults) == "Wasm module is missing malloc function."
    assert next(faults) == (
        "Bad function signature for: __main_void, want: void -> i32,"
        " but the module exports: void -> void"
    )
    assert list(faults) == []
    malloc = {"malloc": Signature(("i32",), ("i32",))}
    headers = {"proxy_on_request_headers": TELL}
    assert list(export_faults(NEW, "0.1.0", malloc | headers)) == []
    (fault,) = export_faults(NEW, "0.2.0", malloc | headers)
    assert fault == (
        "Bad function signature for: proxy_on_request_headers, want: i32 i32 i32 -> i32,"
        " but the module exports: i32 i32 -> i32"
    )
