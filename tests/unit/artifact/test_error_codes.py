from __future__ import annotations

from wasmkit.artifact.error_codes import ErrorCode

SPECIFIED = {
    *("BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID"),
    *("MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID"),
    *("NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS"),
}
"""distribution-spec 1.1, #error-codes: code-1 to code-14."""


def test_the_codes_are_those_of_the_specification() -> None:
    assert set(ErrorCode.__members__) == SPECIFIED
    assert len(ErrorCode) == 14  # no two are one by having one value
    assert all(400 <= code.status < 500 and code.meaning for code in ErrorCode)
