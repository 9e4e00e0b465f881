from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from wasmkit_hub.web.address import base_of, page_of


def request(host: str, scheme: str = "http") -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "scheme": scheme,
            "server": ("10.0.0.1", 80),
            "headers": [(b"host", host.encode("latin-1"))] if host else [],
        }
    )


@pytest.mark.parametrize(
    "host", ["localhost:8080", "h.example", "10.0.0.1:1", "[::1]:8080", "[2001:DB8::1]"]
)
def test_the_reader_names_the_hub(host: str) -> None:
    assert base_of(request(host)) == f"http://{host}"
    assert base_of(request(host, "https")) == f"https://{host}"


@pytest.mark.parametrize(
    "host",
    ["", 'h"onload=x', "h/x", "u@h", "h:123456", "h:x", "h\n", "[::1", "ä.example", "x" * 254],
)
def test_what_is_no_host_leads_nowhere(host: str) -> None:
    with pytest.raises(HTTPException) as caught:
        base_of(request(host))
    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("", "/filters/team/a"),
        ("1.0.0", "/filters/team/a?version=1.0.0"),
        ("sha256:00", "/filters/team/a?version=sha256%3A00"),
        ("a&b=/c", "/filters/team/a?version=a%26b%3D%2Fc"),
    ],
)
def test_pages_of_filters(version: str, path: str) -> None:
    assert page_of("team/a", version) == path
