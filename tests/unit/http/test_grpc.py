"""What a proxy has to know of gRPC."""

from __future__ import annotations

import pytest

from wasmkit.http.grpc import grpc_of_http, is_grpc
from wasmkit.http.headers import HeaderMap


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        (b"application/grpc", True),
        (b"application/grpc+proto", True),
        (b"application/grpc-web", False),
        (b"text/plain", False),
    ],
)
def test_grpc_is_told_by_its_content_type(kind: bytes, *, result: bool) -> None:
    assert is_grpc(HeaderMap([(b"content-type", kind)])) is result


@pytest.mark.parametrize(("status", "grpc"), [(200, 2), (403, 7), (404, 12), (503, 14)])
def test_an_http_status_has_a_meaning_in_grpc(status: int, grpc: int) -> None:
    assert grpc_of_http(status) == grpc
