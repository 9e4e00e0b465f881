"""What the API answers when it refuses: one error to carry it, one body to say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit.errors import RegistryError
from wasmkit_hub.registry.staging import UploadError, UploadProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ApiError", "error_response", "from_upload_error", "no_room"]


class ApiError(RegistryError):
    """A request that the API refuses.

    ``message`` and ``status`` override the code's own. Clients show people the message, and few
    of them the detail.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        message: str = "",
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code.name}: {detail or message or code.meaning}")
        self.code = code
        self.detail = detail
        self.message = message or code.meaning
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
    """Say what went wrong with an upload in the API's words."""
    return ApiError(_UPLOAD_PROBLEMS[error.problem], str(error))


def no_room(path: str) -> ApiError:
    """Say that the disk is full, for which the specification has no code of its own."""
    uploads = "/blobs/uploads/" in path
    code = ErrorCode.BLOB_UPLOAD_INVALID if uploads else ErrorCode.MANIFEST_INVALID
    return ApiError(code, "the hub's disk is full: whoever runs it must make room", status=507)


def error_response(error: ApiError) -> JSONResponse:
    """Write the body of distribution-spec 1.1 (#error-codes); the one place that does."""
    entry = {"code": error.code.name, "message": error.message, "detail": error.detail}
    return JSONResponse({"errors": [entry]}, error.status, error.headers)
