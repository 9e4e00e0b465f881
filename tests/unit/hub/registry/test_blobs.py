"""Pulling blobs (distribution-spec 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from distribution_api import push_blob

if TYPE_CHECKING:
    import httpx


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
    ],
)
def test_range(
    http: httpx.Client, asked: str, status: int, content: bytes, content_range: str
) -> None:
    digest = push_blob(http, "range", b"0123456789")
    got = http.get(f"/v2/range/blobs/{digest}", headers={"Range": asked})
    assert (got.status_code, got.headers["content-range"]) == (status, content_range)
    if status == 206:
        assert got.content == content


def test_module_is_sent_as_wasm_and_nothing_is_run(http: httpx.Client) -> None:
    for content, kind in ((b"\0asm\1\0\0\0", "application/wasm"), (b"<html>", None)):
        digest = push_blob(http, "kinds", content)
        headers = http.get(f"/v2/kinds/blobs/{digest}").headers
        assert headers["content-type"] == (kind or "application/octet-stream")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
