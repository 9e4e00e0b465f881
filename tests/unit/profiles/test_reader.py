"""Profiles are read strictly, and one builds on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import InputError
from wasmkit.profiles import ENVOYS, envoy_profile, newest_envoy, read_profile, release_of
from wasmkit.profiles.reader import profile_from

if TYPE_CHECKING:
    from wasmkit.profiles import Profile


def test_releases_are_in_order_and_the_newest_is_the_last() -> None:
    assert ENVOYS == ("1.36", "1.37", "1.38", "1.39", "1.40")
    assert newest_envoy() is read_profile("envoy-1.40")
    for release in ENVOYS:
        profile = envoy_profile(release)
        assert (profile.name, profile.release) == (f"envoy-{release}", release)
        # What may be called must be there.
        assert profile.in_allocation <= profile.at_start | {"poll_oneoff"}


@pytest.mark.parametrize("version", ["1.38", "1.38.2", "v1.38.2"])
def test_release_of(version: str) -> None:
    assert release_of(version) == "1.38"


@pytest.mark.parametrize("version", ["", "1", "1.35.1", "2.38", "38", "1.380"])
def test_unknown_release(version: str) -> None:
    with pytest.raises(InputError, match="nothing is known of an Envoy"):
        release_of(version)


# Read off the releases' own functions, one by one: design notes of the project's first issue.
WASI_FUNCTIONS = {"1.36": 18, "1.37": 18, "1.38": 18, "1.39": 45, "1.40": 45}


@pytest.mark.parametrize("release", ENVOYS)
def test_what_differs_between_releases(release: str) -> None:
    profile = envoy_profile(release)
    new = release in ("1.39", "1.40")
    assert len(profile.wasi) == WASI_FUNCTIONS[release]
    assert profile.calls_main_void is new
    assert ("poll_oneoff" in profile.at_start) is new
    assert ("emscripten_notify_memory_growth" in profile.at_start) is (release != "1.36")
    # Not allowed in any release: no file can be opened while a module starts.
    assert not profile.at_start & {"fd_read", "fd_seek", "fd_close", "path_open", "proc_exit"}
    assert (profile.limits.memory_pages, profile.limits.table_entries) == (16_384, 10_000_000)


def made(text: str) -> Profile:
    """Make a profile on top of Envoy 1.40's."""

    def load(name: str) -> str:
        if name == "own":
            return text
        from importlib import resources  # noqa: PLC0415  # only here

        return resources.files("wasmkit.profiles").joinpath("data", f"{name}.toml").read_text()

    return profile_from("own", load)


def test_a_profile_overrides_and_adds() -> None:
    own = made(
        'base = "envoy-1.38"\nrelease = "9"\nforeign_functions = ["mine"]\n'
        '[limits]\nmemory_pages = 5\n[add]\nat_start = ["poll_oneoff"]\n'
    )
    base = envoy_profile("1.38")
    assert (own.name, own.release, own.v8) == ("own", "9", base.v8)
    assert own.foreign_functions == {"mine"}
    assert (own.limits.memory_pages, own.limits.table_entries) == (5, 10_000_000)
    assert own.at_start == base.at_start | {"poll_oneoff"}
    assert own.headers == base.headers


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('release = "9"', "v8 is missing|is missing"),
        ('base = "envoy-1.40"\nspeed = 3', "speed is unknown"),
        ('base = "envoy-1.40"\nrelease = 9', "release is 9, not of the type str"),
        ('base = "envoy-1.40"\ncalls_main_void = 1', "calls_main_void is 1, not of the type bool"),
        ('base = "envoy-1.40"\nwasi = "fd_write"', "wasi is 'fd_write', not of the type list"),
        ('base = "envoy-1.40"\nwasi = [1]', "wasi is 1, not of the type str"),
        ('base = "envoy-1.40"\nwasi = ["fd_open"]', "wasi: no host function is named fd_open"),
        ('base = "envoy-1.40"\nlimits = 3', "HostLimits is 3"),
        ('base = "envoy-1.40"\nabsent_attributes = ["a.b"]', "no attribute is named a.b"),
        ('base = "envoy-1.40"\n[limits]\nspeed = 3', "speed is unknown"),
        ('base = "envoy-1.40"\n[limits]\nmemory_pages = true', "limits.memory_pages is True"),
        ('base = "envoy-1.40"\n[headers]\nnot_from_clients = 1', "headers.not_from_clients is 1"),
        ('base = "envoy-1.40"\n[add]\nwasi = ["fd_write"]', "wasi has a name twice"),
        (
            'base = "envoy-1.40"\n[add]\nrelease = ["1"]',
            "add.release is added to what is not a list",
        ),
    ],
)
def test_a_mistake_is_told(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        made(text)
