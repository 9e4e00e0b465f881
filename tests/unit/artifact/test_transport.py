"""What is sent and what is made of the answers, on a wire that a test scripts.

Real servers, sockets that hang and TLS are in tests/functional/test_registry_transport.py.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3

from scripted_wire import Answer, ScriptedWire, Sent
from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.transport import Transport
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

HOST = "registry.example"
URL = f"https://{HOST}/v2/team/a/manifests/1"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[float]:
    """No credentials of this machine's; the pauses between attempts, which take no time."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def wired(
    answer: Callable[[Sent], Answer | Exception], reference: str = f"{HOST}/team/a:1"
) -> tuple[Transport, ScriptedWire]:
    made = Transport(parse_reference(reference))
    wire = ScriptedWire(answer)
    made._session.mount("http://", wire)
    made._session.mount("https://", wire)
    return made, wire


def in_turn(answers: Iterable[Answer | Exception]) -> Callable[[Sent], Answer | Exception]:
    rest = iter(answers)
    return lambda _: next(rest)


def failure(made: Transport, method: str = "GET", url: str = URL) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        made.request("asking", method, url, accept=(200,))
    return caught.value


@pytest.mark.parametrize(
    ("reference", "plain", "url"),
    [
        ("registry.example/team/a:1", None, "https://registry.example/v2/team/a/tags/list"),
        ("registry.example:5000/a:1", None, "https://registry.example:5000/v2/a/tags/list"),
        ("localhost:5000/a:1", None, "http://localhost:5000/v2/a/tags/list"),
        ("127.0.0.1:5000/a:1", False, "https://127.0.0.1:5000/v2/a/tags/list"),
        ("registry.example/a:1", True, "http://registry.example/v2/a/tags/list"),
        ("docker.io/team/a:1", None, "https://registry-1.docker.io/v2/team/a/tags/list"),
    ],
)
def test_addresses(reference: str, plain: bool | None, url: str) -> None:
    made = Transport(parse_reference(reference), plain_http=plain)
    assert made.url("tags/list") == url


def test_a_request_goes_out_as_it_was_given() -> None:
    made, wire = wired(lambda _: Answer(201, {"X-A": "1"}, b"made"))
    reply = made.request(
        "asking", "PUT", URL, accept=(201,), headers={"Content-Type": "a/b"}, body=b"\0\xff"
    )
    assert (reply.status, reply.body, reply.url, reply.headers["x-a"]) == (201, b"made", URL, "1")
    (sent,) = wire.sent
    assert (sent.method, sent.url, sent.body) == ("PUT", URL, b"\0\xff")
    assert sent.headers["Content-Type"] == "a/b"
    assert sent.headers["Accept-Encoding"] == "identity"
    assert sent.headers["User-Agent"].startswith("wasmkit/")
    assert "Authorization" not in sent.headers
    assert sent.limits["stream"] is True
    assert sent.limits["timeout"] == (10, 60)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_safe_requests_are_tried_three_times(method: str, status: int, pauses: list[float]) -> None:
    made, wire = wired(in_turn([Answer(status), Answer(status), Answer(200)]))
    assert made.request("asking", method, URL, accept=(200,)).status == 200
    assert len(wire.sent) == 3
    assert pauses == [0.25, 1.0]
    made, wire = wired(lambda _: Answer(status))
    assert f"{HOST} answered {status}" in str(failure(made, method))
    assert len(wire.sent) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "answer", [Answer(503), requests.ConnectionError("x")], ids=["503", "broken"]
)
def test_others_are_sent_once(method: str, answer: Answer | Exception) -> None:
    made, wire = wired(lambda _: answer)
    failure(made, method)
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [("3", 3.0), ("0", 0.25), ("10000000000", 10.0), ("soon", 0.25), ("-5", 0.25), ("٣", 0.25)],
)
def test_a_registry_may_say_when(retry_after: str, pause: float, pauses: list[float]) -> None:
    header = {"Retry-After": retry_after.encode().decode("latin-1")}
    made, _ = wired(in_turn([Answer(503, header), Answer(200)]))
    made.request("asking", "GET", URL, accept=(200,))
    assert pauses == [pause]


@pytest.mark.parametrize(
    ("error", "text", "attempts"),
    [
        (requests.ReadTimeout("secret"), "no answer in time", 3),
        (requests.ConnectTimeout("secret"), "no answer in time", 1),
        (requests.exceptions.SSLError("secret"), "TLS failed", 1),
        (requests.ConnectionError("secret"), "the connection failed (ConnectionError)", 3),
        (requests.exceptions.InvalidURL("secret"), "the connection failed (InvalidURL)", 1),
        (urllib3.exceptions.ProtocolError("secret"), "the connection failed (ProtocolError)", 3),
    ],
    ids=["silence", "connecting", "tls", "connection", "url", "protocol"],
)
def test_a_broken_connection_is_named_and_says_no_secret(
    error: Exception, text: str, attempts: int
) -> None:
    made, wire = wired(lambda _: error)
    assert str(failure(made)) == f"asking: {HOST}: {text}"
    assert len(wire.sent) == attempts


def test_the_systems_words_are_kept() -> None:
    error = requests.ConnectionError("secret")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    made, _ = wired(lambda _: error)
    assert str(failure(made)) == f"asking: {HOST}: connection refused"
    cause = ssl.SSLError(1, "certificate verify failed")
    made, _ = wired(lambda _: requests.exceptions.SSLError(cause))
    assert "--plain-http" in failure(made).hint


def errors(*entries: object) -> bytes:
    return json.dumps({"errors": entries}).encode()


@pytest.mark.parametrize(
    ("status", "body", "text", "hint"),
    [
        (404, b"", "404 Not Found", "check host"),
        (403, b"<html>", "403 Forbidden", "docker login registry.example"),
        (
            *(400, errors({"code": "NAME_UNKNOWN", "message": "none"})),
            *("400 NAME_UNKNOWN: none", "check host"),
        ),
        (413, errors({"code": "SIZE_INVALID"}), "413 SIZE_INVALID", "limit is smaller"),
        (
            *(500, errors({"code": "A", "message": "a"}, {"code": "B", "message": None})),
            *("500 A: a; B", ""),
        ),
        (418, errors({"code": "A\x1b[2J", "message": "\r\nü"}), "418 A [2J", ""),
        (299, errors({"message": "no code"}), "299", ""),
        (401, b"", "401: it wants a login", "skopeo login"),
    ],
    ids=["404", "html", "code", "code-alone", "two", "control", "unknown", "login"],
)
def test_a_refusal_says_what_was_done_and_why(
    status: int, body: bytes, text: str, hint: str
) -> None:
    made, _ = wired(lambda _: Answer(status, {}, body))
    error = failure(made, "PUT")
    assert str(error).startswith(f"asking: {HOST} answered {text}")
    assert hint in error.hint
    assert (hint == "") == (error.hint == "")


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)], ids=["fits", "too-large"])
def test_a_body_has_a_limit(size: int, *, fits: bool) -> None:
    made, _ = wired(lambda _: Answer(200, {}, bytes(size)))
    if fits:
        assert made.request("asking", "GET", URL, accept=(200,), limit=1000).body == bytes(1000)
    else:
        with pytest.raises(RegistryError, match="larger than 1000 bytes"):
            made.request("asking", "GET", URL, accept=(200,), limit=1000)


def test_a_heads_body_is_not_read() -> None:
    made, _ = wired(lambda _: Answer(200, {"Content-Length": "9000000000"}, b"x" * 999))
    assert made.request("asking", "HEAD", URL, accept=(200,), limit=1).body == b""


def test_an_answer_that_is_compressed_unasked_is_refused() -> None:
    made, _ = wired(lambda _: Answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"))
    assert "compressed although" in str(failure(made))


# Redirects


def redirecting(places: dict[str, str], status: int = 307) -> Callable[[Sent], Answer]:
    def answer(sent: Sent) -> Answer:
        place = places.get(sent.url)
        return Answer(200, {}, b"here") if place is None else Answer(status, {"Location": place})

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://cdn.example/x?y", "https://cdn.example/x?y"),
        ("/v2/elsewhere", f"https://{HOST}/v2/elsewhere"),
        ("2", f"https://{HOST}/v2/team/a/manifests/2"),
    ],
    ids=["host", "path", "relative"],
)
def test_reading_follows(location: str, target: str, status: int) -> None:
    made, wire = wired(redirecting({URL: location}, status))
    reply = made.request("asking", "GET", URL, accept=(200,))
    assert (reply.body, reply.url) == (b"here", target)
    assert [sent.url for sent in wire.sent] == [URL, target]


def test_writing_does_not_follow() -> None:
    made, wire = wired(redirecting({URL: "/elsewhere"}))
    assert "answered 307" in str(failure(made, "PUT"))
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("http://registry.example/x", "leads from https to 'http://registry.example/x'"),
        (URL, "redirects in a circle"),
        ("http://[", "which is not an address"),
        ("file:///etc/passwd", "leads from https to 'file:///etc/passwd'"),
    ],
    ids=["plain", "circle", "malformed", "file"],
)
def test_where_nobody_follows(location: str, text: str) -> None:
    made, wire = wired(redirecting({URL: location}))
    assert text in str(failure(made))
    assert len(wire.sent) <= 5
    assert all(sent.url.startswith("https://") for sent in wire.sent)


# Logging in


def docker_login(folder: Path, user: str = "me", password: str = "p:w") -> str:
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": auth}}}))
    return auth


def test_basic_credentials_go_where_they_are_asked_for(tmp_path: Path) -> None:
    auth = docker_login(tmp_path)

    def answer(sent: Sent) -> Answer:
        if sent.url.startswith("https://cdn.example/"):
            return Answer(200, {}, b"blob")
        if "Authorization" not in sent.headers:
            return Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
        return Answer(307, {"Location": "https://cdn.example/blob"})

    made, wire = wired(answer)
    assert made.request("asking", "GET", URL, accept=(200,)).body == b"blob"
    assert [sent.headers.get("Authorization") for sent in wire.sent] == [
        None,
        f"Basic {auth}",
        None,  # another host
    ]
    made.request("asking", "GET", URL, accept=(200,))
    assert wire.sent[3].headers["Authorization"] == f"Basic {auth}", "it is kept"


@pytest.mark.parametrize(
    "challenge", ["", 'Basic realm="x"', "Negotiate"], ids=["none", "basic", "other"]
)
def test_without_credentials_a_login_is_asked_for(challenge: str) -> None:
    made, wire = wired(lambda _: Answer(401, {"WWW-Authenticate": challenge}))
    error = failure(made)
    assert "answered 401: it wants a login" in str(error)
    assert f"docker login {HOST}" in error.hint
    assert len(wire.sent) == 1


def test_a_token_is_fetched_and_used(tmp_path: Path) -> None:
    docker_login(tmp_path)
    challenge = (
        'Bearer realm="https://auth.example/token",service="s",scope="repository:team/a:pull"'
    )

    def answer(sent: Sent) -> Answer:
        if sent.url.startswith("https://auth.example/token"):
            return Answer(200, {"Content-Type": "application/json"}, b'{"token": "t0ken"}')
        if sent.headers.get("Authorization") == "Bearer t0ken":
            return Answer(200)
        return Answer(401, {"WWW-Authenticate": challenge})

    made, wire = wired(answer)
    assert made.request("asking", "GET", URL, accept=(200,)).status == 200
    first, token, second = wire.sent
    assert "scope=repository%3Ateam%2Fa%3Apull" in token.url
    assert "service=s" in token.url
    assert token.limits["timeout"] == (10, 60)
    assert "Authorization" not in first.headers
    assert second.headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(
    "realm", ["http://auth.example/token", "token", "file:///x"], ids=["plain", "relative", "file"]
)
def test_no_password_goes_to_an_unsafe_realm(tmp_path: Path, realm: str) -> None:
    docker_login(tmp_path)
    made, wire = wired(lambda _: Answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}))
    assert "login at an unsafe address" in str(failure(made))
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("before", "after", "resolved"),
    [
        (URL, "?a=b", f"{URL}?a=b"),
        (URL, "../x", f"https://{HOST}/v2/team/a/x"),
        (URL, "//other.example/y", "https://other.example/y"),
    ],
)
def test_locations_are_resolved(before: str, after: str, resolved: str) -> None:
    made, _ = wired(lambda _: Answer(200))
    assert made.resolve("asking", before, after) == resolved
