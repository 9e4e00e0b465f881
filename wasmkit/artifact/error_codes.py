"""The codes in which a registry says why it refuses (distribution-spec 1.1, #error-codes)."""

from __future__ import annotations

from enum import Enum

__all__ = ["ErrorCode"]


class ErrorCode(Enum):
    """A code of the specification, with the status that it comes with and what it means."""

    BLOB_UNKNOWN = (404, "this repository has no such blob")
    BLOB_UPLOAD_INVALID = (400, "the upload cannot go on")
    BLOB_UPLOAD_UNKNOWN = (404, "this repository has no such upload")
    DIGEST_INVALID = (400, "the digest is malformed or not that of the content")
    MANIFEST_BLOB_UNKNOWN = (404, "the manifest names something this repository does not have")
    MANIFEST_INVALID = (400, "the manifest cannot be taken")
    MANIFEST_UNKNOWN = (404, "this repository has no such manifest")
    NAME_INVALID = (400, "this is not a repository name")
    NAME_UNKNOWN = (404, "there is no such repository")
    SIZE_INVALID = (413, "this is longer than announced or allowed")
    UNAUTHORIZED = (401, "authentication is required")
    DENIED = (403, "this is not allowed")
    UNSUPPORTED = (405, "this registry does not do this")
    TOOMANYREQUESTS = (429, "too many at one time")

    def __init__(self, status: int, meaning: str) -> None:
        self.status = status
        self.meaning = meaning
