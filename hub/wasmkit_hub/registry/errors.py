"""What the API answers when it refuses: the specification's codes, and one error to carry them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse

from wasmkit.errors import RegistryError
from wasmkit_hub.storage.uploads import UploadError, UploadProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ApiError", "ErrorCode", "error_response", "from_upload_error"]


class ErrorCode(Enum):
    """The codes of distribution-spec 1.1 (#error-codes); the value is the status it comes with."""

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
    UNSUPPORTED = (405, "this hub does not do this")
    TOOMANYREQUESTS = (429, "too many at one time")

    def __init__(self, status: int, meaning: str) -> None:
        self.status = status
        self.meaning = meaning


class ApiError(RegistryError):
    """A request that the API refuses. ``status`` overrides the code's own."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code.name}: {detail or code.meaning}")
        self.code = code
        self.detail = detail
        self.status = status or code.status
        self.headers = headers


_UPLOAD_PROBLEMS: dict[UploadProblem, ErrorCode] = {
    UploadProblem.UNKNOWN: ErrorCode.BLOB_UPLOAD_UNKNOWN,
    UploadProblem.BUSY: ErrorCode.BLOB_UPLOAD_INVALID,
    UploadProblem.TOO_MANY: ErrorCode.TOOMANYREQUESTS,
    UploadProblem.TOO_LARGE: ErrorCode.SIZE_INVALID,
    UploadProblem.DIGEST_DIFFERS: ErrorCode.DIGEST_INVALID,
}


def from_upload_error(error: UploadError) -> ApiError:
    """Say what the storage says in the API's words."""
    return ApiError(_UPLOAD_PROBLEMS[error.problem], str(error))


def error_response(error: ApiError) -> JSONResponse:
    """Write the body of distribution-spec 1.1 (#error-codes); the one place that does."""
    entry = {"code": error.code.name, "message": error.code.meaning, "detail": error.detail}
    return JSONResponse({"errors": [entry]}, error.status, error.headers)
