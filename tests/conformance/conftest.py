"""Fixtures of the conformance tests."""

from __future__ import annotations

from conformance.envoys import stock_envoy

__all__ = ["stock_envoy"]
