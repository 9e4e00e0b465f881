"""Plugins as tests need them: a module, and the rest where it matters."""

from __future__ import annotations

from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig

__all__ = ["plugin_of"]


def plugin_of(
    module: bytes,
    *,
    configuration: bytes = b"",
    vm_configuration: bytes = b"",
    name: str = "",
    root_id: str = "",
    fail_open: bool = False,
) -> PluginConfig:
    """Return a plugin of the module; with ``fail_open``, requests pass by its dead VM."""
    return PluginConfig(
        vm=VmConfig(code=module, configuration=vm_configuration),
        name=name,
        root_id=root_id,
        configuration=configuration,
        failure_policy=FailurePolicy.FAIL_OPEN if fail_open else FailurePolicy.FAIL_CLOSED,
    )
