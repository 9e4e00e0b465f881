"""What a host looks up, and what it has."""

from __future__ import annotations

import pytest

from wasmkit.profiles import envoy_profile

OLD, NEW = envoy_profile("1.36"), envoy_profile("1.40")


@pytest.mark.parametrize(
    ("exported", "new", "old"),
    [
        ({}, ["_start", "proxy_on_memory_allocate"], None),
        ({"_start", "malloc"}, ["_start", "malloc"], None),
        (
            {"_initialize", "_start", "malloc"},
            ["_initialize", "main", "__main_void", "malloc"],
            ["_initialize", "main", "malloc"],
        ),
        ({"_initialize", "main", "malloc"}, ["_initialize", "main", "malloc"], None),
    ],
)
def test_what_is_looked_up(exported: set[str], new: list[str], old: list[str] | None) -> None:
    for profile, expected in ((NEW, new), (OLD, old or new)):
        names = [row.name for row in profile.exports("0.2.1", exported)]
        assert names[: len(expected)] == expected
        assert names[len(expected)] == "envoy_on_resolve_dns"
        assert profile.starters(exported) == [name for name in expected[:-1] if name in exported]


def test_functions() -> None:
    for module, there in (("env", True), ("wasi_unstable", False), ("other", False)):
        assert (NEW.function("0.2.1", module, "proxy_log") is not None) is there
    assert NEW.function("0.2.0", "env", "proxy_get_log_level") is None
    assert NEW.function("0.2.1", "wasi_unstable", "proc_raise") is None
