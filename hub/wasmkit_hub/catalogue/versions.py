"""Order among versions: semantic versioning 2.0.0, section 11; anything else comes before."""

from __future__ import annotations

import re

__all__ = ["version_key"]

_SEMVER = re.compile(
    r"v?(\d{1,18})\.(\d{1,18})\.(\d{1,18})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
_LONGEST_NUMBER = 18


def _identifier_key(identifier: str) -> tuple[int, int, str]:
    # "Numeric identifiers always have lower precedence than non-numeric identifiers."
    if identifier.isdigit() and len(identifier) <= _LONGEST_NUMBER:
        return (0, int(identifier), "")
    return (1, 0, identifier)


def version_key(version: str) -> tuple[object, ...]:
    """Return a key that sorts versions from lowest to highest."""
    found = _SEMVER.fullmatch(version)
    if found is None:
        return (0,)
    major, minor, patch, pre = found.groups()
    order = tuple(_identifier_key(part) for part in pre.split(".")) if pre else ()
    # "A pre-release version has lower precedence than the associated normal version."
    return (1, int(major), int(minor), int(patch), pre is None, order)
