"""Reads profiles from their data files, strictly: a mistake in one is a mistake in this package.

A file is the model's fields in TOML. ``base`` names the profile that it begins from; what is said
again replaces, and what stands under ``[add]`` joins a list of the base's.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.abi.properties import PROPERTIES
from wasmkit.errors import InputError
from wasmkit.profiles.model import HeaderRules, HostLimits, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ENVOYS",
    "envoy_profile",
    "newest_envoy",
    "read_profile",
    "release_of",
]

_ENVOY = "envoy-"
_FUNCTION_LISTS = ("wasi", "at_start", "in_allocation", "in_start_section")
_TEXTS = ("name", "release", "v8")
_TRUTHS = ("calls_main_void", "poll_answers", "fail_open_spares_request")

_Table = dict[str, Any]


def _names() -> list[str]:
    files = resources.files(__package__).joinpath("data").iterdir()
    return [file.name.removesuffix(".toml") for file in files]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


ENVOYS = tuple(
    sorted(
        (name.removeprefix(_ENVOY) for name in _names() if name.startswith(_ENVOY)), key=_numbers
    )
)
"""The releases of Envoy that this project answers for, oldest first."""


def release_of(version: str) -> str:
    """Return the release of a version (``1.38`` of ``1.38.2``) if it is one of ``ENVOYS``.

    Raises ``InputError`` for another.
    """
    release = ".".join(version.removeprefix("v").split(".")[:2])
    if release not in ENVOYS:
        raise InputError(
            f"nothing is known of an Envoy {version}", hint=f"known are {', '.join(ENVOYS)}"
        )
    return release


def envoy_profile(release: str) -> Profile:
    """Return the profile of one of ``ENVOYS``."""
    return read_profile(_ENVOY + release)


def newest_envoy() -> Profile:
    """Return the profile of the newest Envoy, which this project's own host emulates."""
    return envoy_profile(ENVOYS[-1])


@cache
def read_profile(name: str) -> Profile:
    """Return the profile of a data file, by its name without the suffix."""
    return profile_from(name, _load)


def _load(name: str) -> str:
    return resources.files(__package__).joinpath("data", f"{name}.toml").read_text()


def profile_from(name: str, load: Callable[[str], str]) -> Profile:
    """Make a profile of texts that ``load`` gives by name; ``ValueError`` says what is wrong."""
    try:
        return _profile(_merged(name, load) | {"name": name})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"profile {name}: {error}") from error


def _merged(name: str, load: Callable[[str], str]) -> _Table:
    table = tomllib.loads(load(name))
    base = table.pop("base", None)
    added = table.pop("add", {})
    merged = {} if base is None else _merged(base, load)
    for key, value in table.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    _add(merged, added, "add")
    return merged


def _add(table: _Table, added: Mapping[str, Any], where: str) -> None:
    for key, more in added.items():
        if isinstance(more, dict) and isinstance(table.get(key), dict):
            _add(table[key], more, f"{where}.{key}")
        elif isinstance(table.get(key), list):
            table[key] = [*table[key], *more]
        else:
            raise TypeError(f"{where}.{key} is added to what is not a list")


def _profile(table: Mapping[str, Any]) -> Profile:
    _check_keys(table, Profile)
    values = dict(table)
    for key in _TEXTS:
        _check(key, table[key], str)
    for key in _TRUTHS:
        _check(key, table[key], bool)
    for key in (*_FUNCTION_LISTS, "foreign_functions"):
        values[key] = _set(key, table[key])
    attributes = _set("absent_attributes", table["absent_attributes"])
    if unknown := sorted(attributes - PROPERTIES.keys()):
        raise ValueError(f"absent_attributes: no attribute is named {unknown[0]}")
    values["absent_attributes"] = frozenset(PROPERTIES[name].path for name in attributes)
    for key in _FUNCTION_LISTS:
        if unknown := sorted(values[key] - HOST_FUNCTIONS.keys()):
            raise ValueError(f"{key}: no host function is named {unknown[0]}")
    _check_keys(table["limits"], HostLimits)
    for key, value in table["limits"].items():
        _check(f"limits.{key}", value, int)
    values["limits"] = HostLimits(**table["limits"])
    _check_keys(table["headers"], HeaderRules)
    lists = {key: _set(f"headers.{key}", value) for key, value in table["headers"].items()}
    values["headers"] = HeaderRules(
        **{key: frozenset(map(str.encode, names)) for key, names in lists.items()}
    )
    return Profile(**values)


def _check_keys(table: Mapping[str, Any], kind: type[Profile | HostLimits | HeaderRules]) -> None:
    _check(kind.__name__, table, dict)
    wanted = {field.name for field in fields(kind)}
    if unequal := sorted(wanted ^ table.keys()):
        raise ValueError(f"{unequal[0]} is {'unknown' if unequal[0] in table else 'missing'}")


def _check(key: str, value: object, kind: type) -> None:
    if type(value) is not kind:
        raise TypeError(f"{key} is {value!r}, not of the type {kind.__name__}")


def _set(key: str, values: object) -> frozenset[str]:
    """Return a list's texts; one that stands there twice is a mistake."""
    _check(key, values, list)
    assert isinstance(values, list)
    for value in values:
        _check(key, value, str)
    if len(set(values)) != len(values):
        raise ValueError(f"{key} has a name twice")
    return frozenset(values)
