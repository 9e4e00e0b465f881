from __future__ import annotations

import json

import pytest

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.registry.errors import ApiError, error_response, from_upload_error, no_room
from wasmkit_hub.registry.staging import UploadError, UploadProblem


@pytest.mark.parametrize("code", ErrorCode, ids=lambda code: code.name)
def test_the_body_is_the_specifications(code: ErrorCode) -> None:
    response = error_response(ApiError(code, "why"))
    assert response.status_code == code.status
    assert response.headers["content-type"] == "application/json"
    assert json.loads(bytes(response.body)) == {
        "errors": [{"code": code.name, "message": code.meaning, "detail": "why"}]
    }


def test_a_status_and_headers_of_ones_own() -> None:
    error = ApiError(ErrorCode.SIZE_INVALID, status=416, headers={"Range": "0-5"})
    response = error_response(error)
    assert (response.status_code, response.headers["range"]) == (416, "0-5")
    assert str(error) == f"SIZE_INVALID: {ErrorCode.SIZE_INVALID.meaning}"


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (UploadProblem.UNKNOWN, 404),
        (UploadProblem.BUSY, 400),
        (UploadProblem.TOO_MANY, 429),
        (UploadProblem.TOO_LARGE, 413),
        (UploadProblem.DIGEST_DIFFERS, 400),
    ],
    ids=lambda value: value.name if isinstance(value, UploadProblem) else "",
)
def test_problems_of_uploads(problem: UploadProblem, status: int) -> None:
    error = from_upload_error(UploadError(problem, "in detail"))
    assert error.status == status
    assert "in detail" in error.detail


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/a/blobs/uploads/0", ErrorCode.BLOB_UPLOAD_INVALID),
        ("/v2/a/manifests/1", ErrorCode.MANIFEST_INVALID),
    ],
)
def test_no_room_is_the_servers_fault(path: str, code: ErrorCode) -> None:
    error = no_room(path)
    assert (error.status, error.code) == (507, code)
    assert "disk is full" in error.detail


def test_every_problem_has_a_code() -> None:
    for problem in UploadProblem:
        assert from_upload_error(UploadError(problem, "")).code in ErrorCode
