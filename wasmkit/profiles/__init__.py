"""What each host has for a module: one data file a host, read into one model."""

from __future__ import annotations

from wasmkit.profiles.model import HeaderRules, HostLimits, Profile
from wasmkit.profiles.reader import ENVOYS, envoy_profile, newest_envoy, read_profile, release_of

__all__ = [
    "ENVOYS",
    "HeaderRules",
    "HostLimits",
    "Profile",
    "envoy_profile",
    "newest_envoy",
    "read_profile",
    "release_of",
]
