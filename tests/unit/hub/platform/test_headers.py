from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from starlette.datastructures import Headers

from wasmkit_hub.platform.headers import SecurityHeaders, is_api, security_headers


def policy(path: str) -> dict[str, set[str]]:
    """Read a policy as CSP 3 says: directives by semicolons, sources by spaces."""
    text = security_headers(path)["Content-Security-Policy"]
    rows = [re.split(r"\s+", each.strip()) for each in text.split(";")]
    return {name: set(sources) for name, *sources in rows}


@pytest.mark.parametrize(
    ("path", "api"),
    [("/v2/", True), ("/v2/a/blobs/x", True), ("/api/v1/x", True), ("/", False), ("/v2", False)],
)
def test_programs_and_people(path: str, api: bool) -> None:
    assert is_api(path) is api
    assert ("sandbox" in policy(path)) is api


def test_pages_run_nothing_that_is_not_the_hubs() -> None:
    found = policy("/filters/a")
    assert found["default-src"] == {"'none'"}
    assert found["script-src"] == {"'self'"}
    assert found["frame-ancestors"] == {"'none'"}
    assert not any("unsafe" in source for sources in found.values() for source in sources)


def test_what_was_pushed_may_do_nothing() -> None:
    assert policy("/v2/a/blobs/x") == {
        "default-src": {"'none'"},
        "frame-ancestors": {"'none'"},
        "sandbox": set(),
    }


def answered(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is sent when the application answers with headers of its own."""
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        headers = [(b"x-frame-options", b"ALLOWALL"), (b"x-own", b"1")]
        await send({"type": "http.response.start", "status": 418, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(SecurityHeaders(application)(scope, receive, send))
    return sent


@pytest.mark.parametrize("path", ["/page", "/v2/a/blobs/x"])
def test_every_answer_has_them(path: str) -> None:
    start, body = answered({"type": "http", "path": path})
    assert (start["status"], body["body"]) == (418, b"x")
    headers = Headers(raw=start["headers"])
    for name, value in security_headers(path).items():
        assert headers.getlist(name) == [value]
    assert headers["x-own"] == "1"


def test_what_is_not_http_passes() -> None:
    start, _ = answered({"type": "lifespan"})
    assert start["headers"] == [(b"x-frame-options", b"ALLOWALL"), (b"x-own", b"1")]
