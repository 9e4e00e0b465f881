from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig


def test_failure_policies_are_envoys_words() -> None:
    # envoy/extensions/wasm/v3/wasm.proto, enum FailurePolicy
    assert [policy.value for policy in FailurePolicy] == ["FAIL_CLOSED", "FAIL_OPEN"]


@pytest.mark.parametrize(
    ("on_error", "policy"),
    [("open", "FAIL_OPEN"), ("close", "FAIL_CLOSED"), ("", "FAIL_CLOSED"), ("OPEN", "FAIL_CLOSED")],
)
def test_a_filter_fails_closed_unless_it_says_open(on_error: str, policy: str) -> None:
    assert FailurePolicy.of(on_error) == policy


def test_defaults_are_envoys() -> None:
    # wasm.proto: an unspecified policy is FAIL_CLOSED; texts and configurations are empty.
    plugin = PluginConfig()
    assert plugin.failure_policy is FailurePolicy.FAIL_CLOSED
    assert (plugin.name, plugin.root_id, plugin.configuration) == ("", "", b"")
    vm = plugin.vm
    assert (vm.code, vm.vm_id, vm.configuration, dict(vm.environment)) == (b"", "", b"", {})


def test_equal_ones_are_equal_and_none_is_changed() -> None:
    vm = VmConfig(b"\0asm", "a", b"{}", {"A": "1"})
    assert vm == VmConfig(b"\0asm", "a", b"{}", {"A": "1"})
    assert vm != replace(vm, vm_id="b")
    with pytest.raises(FrozenInstanceError):
        vm.vm_id = "b"  # type: ignore[misc]  # that is the test


def test_what_is_shown_holds_no_module() -> None:
    assert "asm" not in repr(PluginConfig(VmConfig(b"\0asm" * 1000)))
