"""A plugin as Envoy is told of it: the same for every engine, the bootstrap and each target.

Names and meanings are those of ``envoy.extensions.wasm.v3.PluginConfig`` and ``VmConfig``.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # the type of a dataclass's field
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["FailurePolicy", "PluginConfig", "VmConfig"]


class FailurePolicy(StrEnum):
    """What becomes of requests once the VM has failed; the values are Envoy's own words."""

    FAIL_CLOSED = "FAIL_CLOSED"
    """They get 503."""
    FAIL_OPEN = "FAIL_OPEN"
    """They pass by the filter; the one in which the VM failed gets 503 all the same."""

    @classmethod
    def of(cls, on_error: str) -> FailurePolicy:
        """Return what a filter's ``on_error`` asks for: ``open``, else it is closed."""
        return cls.FAIL_OPEN if on_error == "open" else cls.FAIL_CLOSED


@dataclass(frozen=True, slots=True)
class VmConfig:
    """A VM: plugins with equal ones share it."""

    code: bytes = field(default=b"", repr=False)
    """The module; empty where there is none (the engine ``native``)."""
    vm_id: str = ""
    configuration: bytes = b""
    """What ``proxy_on_vm_start`` can read."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """A plugin in its VM."""

    vm: VmConfig = field(default_factory=VmConfig)
    name: str = ""
    root_id: str = ""
    configuration: bytes = b""
    """What ``proxy_on_configure`` can read, as it is."""
    failure_policy: FailurePolicy = FailurePolicy.FAIL_CLOSED
