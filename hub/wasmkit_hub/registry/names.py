"""The grammar of names, tags and digests in URLs (distribution-spec 1.1, #pulling-manifests)."""

import re
from typing import Annotated

from fastapi import Depends
from fastapi import Path as UrlPart

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit.errors import InputError
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.registry.errors import ApiError

__all__ = ["BlobDigest", "Repository", "digest_of", "is_tag", "repository_of"]

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_LONGEST_NAME = 255
"""Many clients limit host and name together to 255 (distribution-spec, note on <name>)."""


def repository_of(name: Annotated[str, UrlPart()]) -> str:
    """Check a repository's name; raises ApiError (NAME_INVALID)."""
    if len(name) > _LONGEST_NAME or not _REPOSITORY.fullmatch(name):
        raise ApiError(ErrorCode.NAME_INVALID, repr(name[:_LONGEST_NAME]))
    return name


def digest_of(digest: Annotated[str, UrlPart()]) -> Digest:
    """Check a digest; raises ApiError (DIGEST_INVALID)."""
    try:
        return Digest.parse(digest)
    except InputError as exc:
        raise ApiError(ErrorCode.DIGEST_INVALID, str(exc)) from exc


def is_tag(text: str) -> bool:
    """Say whether this may be a tag."""
    return _TAG.fullmatch(text) is not None


Repository = Annotated[str, Depends(repository_of)]
"""The checked ``{name}`` of a route."""
BlobDigest = Annotated[Digest, Depends(digest_of)]
"""The checked ``{digest}`` of a route."""
